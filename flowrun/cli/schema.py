"""`flowrun schema`: the JSON Schemas that editors and scripts use."""

import click

NAMES = ("flow", "project", "replies", "result", "event", "export")


@click.command(name="schema", short_help="Print a JSON Schema.")
@click.argument("name", type=click.Choice(NAMES), default="flow", metavar=f"[{'|'.join(NAMES)}]")
def command(name: str) -> int:
    """Print a JSON Schema (Draft 7) on standard output; that of flows unless another is named.

    \b
      flowrun schema > schemas/flow.schema.json
      flowrun schema result

    A first line `# yaml-language-server: $schema=PATH` in a flow makes editors complete by it.
    """  # \b keeps click from filling the examples
    from flowrun.views.schemas import all_schemas

    click.echo(all_schemas()[name], nl=False)
    return 0
