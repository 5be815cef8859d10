"""`flowrun execute`: run a flow to its end."""

import asyncio

import click

from flowrun.app.execute import execute_flow
from flowrun.app.input_file import read_inputs_file
from flowrun.app.inputs import read_inputs
from flowrun.app.rerun import prepare_rerun
from flowrun.app.runs import show_run
from flowrun.cli.audience import OUTPUT_FORMATS, carry_out
from flowrun.cli.run_options import NO_ASK, PLAIN, QUIET
from flowrun.cli.shared import load_or_exit
from flowrun.cli.streams import tell
from flowrun.errors import BadRequest
from flowrun.ids import RUN_ID


@click.command(name="execute", short_help="Run a flow to its end.")
@click.argument("flow", metavar="FLOW")
@click.option("-i", "--input", "pairs", multiple=True, metavar="NAME=VALUE", help="One input.")
@click.option("--inputs", "file", metavar="FILE", help="Inputs from a YAML or JSON file.")
@click.option(
    "--endpoint",
    metavar="ENDPOINT",
    help="Who answers: an endpoint of the project, a URL, or `scripted:FILE`.",
)
@click.option("--run-id", metavar="ID", help="Id of the run; the same one starts it only once.")
@click.option("--from-run", metavar="RUN", help="Repeat one step of this run; see `--step`.")
@click.option("--step", metavar="NAME", help="The step to repeat, with what it builds on recorded.")
@click.option(
    "--format",
    "form",
    type=click.Choice(OUTPUT_FORMATS),
    default="text",
    show_default=True,
    help="Standard output: the outputs, one result object, or one event a line.",
)
@NO_ASK
@PLAIN
@QUIET
def command(
    flow: str,
    pairs: tuple[str, ...],
    file: str | None,
    endpoint: str | None,
    run_id: str | None,
    from_run: str | None,
    step: str | None,
    form: str,
    *,
    no_ask: bool,
    plain: bool,
    quiet: bool,
) -> int:
    """Execute a flow.

    \b
      flowrun execute flows/weather_report.flow.yaml -i city=Paris
      flowrun execute flows/weather_report.flow.yaml --format json | jq .outputs
      flowrun execute flows/weather_report.flow.yaml --from-run RUN --step report

    The flow is checked first, by the same code as `flowrun check`. Every step is durable: Ctrl-C
    parks the run, and `flowrun runs resume` goes on with it, after a crash as well. What it asks
    people is asked on the terminal, or answered by `flowrun runs answer`.
    """
    if run_id is not None and not RUN_ID.match(run_id):
        raise BadRequest(
            f"expected letters, digits, `.`, `_` and `-` in a run id, found `{run_id}`"
        )
    if (from_run is None) != (step is None):
        raise BadRequest("expected `--from-run` and `--step` together")
    loaded = load_or_exit(flow, quiet=quiet)
    plan = loaded.require_plan()
    rerun = None
    if from_run is not None and step is not None:
        rerun = prepare_rerun(plan, show_run(loaded.project, from_run), step)
        if rerun.notice and not quiet:
            tell(rerun.notice)
    given = {**(rerun.inputs if rerun else {}), **(read_inputs_file(file) if file else {})}
    inputs = read_inputs(plan, given, pairs)
    return asyncio.run(
        carry_out(
            lambda occasion: execute_flow(
                loaded,
                inputs,
                run_id=run_id,
                endpoint=endpoint,
                occasion=occasion,
                rerun=rerun,
            ),
            form=form,
            live=not plain and not quiet,
            quiet=quiet,
            ask=not no_ask,
        )
    )
