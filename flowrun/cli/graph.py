"""`flowrun graph`: a flow's plan, before anything runs."""

import click

from flowrun.cli.shared import load_or_exit


@click.command(name="graph", short_help="Show a flow's plan.")
@click.argument("flow", metavar="FLOW")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "mermaid", "json")),
    default="text",
    show_default=True,
    help="Lanes as text, a Mermaid flowchart, or JSON.",
)
def command(flow: str, form: str) -> int:
    """Show a flow's plan: lanes, order, and what waits for what.

    \b
      flowrun graph flows/report.flow.yaml
      flowrun graph flows/report.flow.yaml --format mermaid > report.mmd

    Steps of one lane run one after the other, lanes side by side. Conditions, loops, tries and
    people stand at their steps, the lanes of a sub-flow below the step that runs it. Nothing is
    run. Exit code 3 when the flow has errors; they are shown.
    """  # \b keeps click from filling the examples
    plan = load_or_exit(flow).require_plan()
    match form:
        case "mermaid":
            from flowrun.views.mermaid import mermaid

            click.echo(mermaid(plan), nl=False)
        case "json":
            from flowrun.views.plan import plan_object
            from flowrun.views.text import pretty_json

            click.echo(pretty_json(plan_object(plan)))
        case _:
            from flowrun.plan.text import plan_text

            click.echo(plan_text(plan).rstrip("\n"))
    return 0
