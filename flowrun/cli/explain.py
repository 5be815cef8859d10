"""`flowrun explain`: what a diagnostic code or an exit code means, offline."""

import click

from flowrun.errors import BadRequest
from flowrun.views.explain import codes_text, exit_codes_text, page_text

EXIT_CODES_PAGE = "exit-codes"


@click.command(name="explain", short_help="Explain a diagnostic code.")
@click.argument("code", required=False, metavar="[CODE]")
def command(code: str | None) -> int:
    """Explain a diagnostic code: what it means, an example, the fix. Without one, list them all.

    \b
      flowrun explain graph/cycle
      flowrun explain exit-codes
    """  # \b keeps click from filling the examples
    if code == EXIT_CODES_PAGE:
        click.echo(exit_codes_text(), nl=False)
        return 0
    from flowrun.source.catalog import CATALOG

    if code is None:
        click.echo(codes_text(tuple(CATALOG.values())), nl=False)
        return 0
    page = CATALOG.get(code)
    if page is None:
        from flowrun.source.diagnostic import suggest

        hint = suggest(code, (*CATALOG, EXIT_CODES_PAGE)) or "`flowrun explain` lists them all"
        raise BadRequest(message=f"no diagnostic has the code `{code}`", hint=hint)
    click.echo(page_text(page), nl=False)
    return 0
