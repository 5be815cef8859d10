"""`flowrun runs answer`: answer a question of a run, and go on with it."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from functools import partial

import click

from flowrun.app.answer import find_open_question, leave_answer, wait_until_heard
from flowrun.app.execute import resume_run
from flowrun.app.project import Project, project_around, told_apart
from flowrun.app.runs import find_head, is_over, store_holder
from flowrun.cli.answering import given_answer, typed_answer
from flowrun.cli.audience import EXIT_WAITING, OUTPUT_FORMATS, carry_out
from flowrun.cli.recorded import report_recorded
from flowrun.cli.run_options import (
    ENDPOINT,
    NO_ASK,
    PLAIN,
    PROJECT,
    QUIET,
    SENDER,
    named_sender,
    resumable,
)
from flowrun.errors import RunConflict, StoreLocked
from flowrun.events.records import Decision


@click.command(name="answer")
@click.argument("run_id", metavar="RUN")
@click.argument("step", metavar="STEP")
@click.option("--approve", "decisions", multiple=True, flag_value="approved", help="Say yes.")
@click.option(
    "--reject", "decisions", multiple=True, flag_value="rejected", help="Say no; a form, too."
)
@click.option("--value", "pairs", multiple=True, metavar="NAME=VALUE", help="One field of a form.")
@click.option("--values", "file", metavar="FILE", help="Fields from a YAML or JSON file.")
@click.option(
    "--done", "decisions", flag_value="done", multiple=True, help="The call in doubt did happen."
)
@click.option("--output", metavar="TEXT", help="What it came to, with `--done`; text or JSON.")
@click.option(
    "--run", "decisions", multiple=True, flag_value="run", help="It did not happen: run it now."
)
@click.option("--fail", "decisions", multiple=True, flag_value="fail", help="Let the step fail.")
@click.option("--comment", default="", metavar="TEXT", help="Why; the run is told.")
@SENDER
@click.option("--call", "call_id", default="", metavar="ID", help="Which of several tool calls.")
@click.option("--no-wait", is_flag=True, help="Record the answer, and leave the run where it is.")
@PROJECT
@ENDPOINT
@click.option("--format", "form", type=click.Choice(OUTPUT_FORMATS), default="text")
@NO_ASK
@PLAIN
@QUIET
def command(
    run_id: str,
    step: str,
    decisions: tuple[Decision, ...],
    pairs: tuple[str, ...],
    file: str | None,
    output: str | None,
    comment: str,
    sender: str | None,
    call_id: str,
    folder: str | None,
    endpoint: str | None,
    form: str,
    *,
    no_wait: bool,
    no_ask: bool,
    plain: bool,
    quiet: bool,
) -> int:
    """Answer what a run asks, from any process, and go on with the run.

    \b
      flowrun runs answer refund-desk-x8p2m4ka refund --approve
      flowrun runs answer trip-k3m9x2pq stay --value nights=2 --value breakfast=true
      flowrun runs answer import-q7r2 upload --done --output '{"id": 7}'

    STEP is the label of the step that asks, as `flowrun runs show RUN` tells it. The first answer
    counts; a second one is refused. While another process has the run, the answer reaches it there.
    """
    project = project_around(folder, os.environ)
    asked = find_open_question(project, run_id, step, call_id)
    who = named_sender(sender)
    value = given_answer(
        asked, decisions, pairs=pairs, file=file, output=output, comment=comment
    ) or typed_answer(run_id, asked, told_apart(project.root), ask=not no_ask)
    if value is None:
        return EXIT_WAITING
    leave_answer(project, run_id, asked, value, sender=who)
    report = partial(report_recorded, project, run_id, asked, form, quiet=quiet)
    if no_wait:
        return report(f"`{resumable(run_id, project)}` goes on")
    holder = store_holder(project)
    if holder is not None and asyncio.run(wait_until_heard(project, run_id, asked)):
        return report(f"the run goes on in {holder}")
    going_on = partial(
        carry_out,
        lambda occasion: resume_run(project, run_id, endpoint=endpoint, occasion=occasion),
        form=form,
        live=not plain and not quiet,
        quiet=quiet,
        ask=not no_ask,
    )
    return _go_on(project, run_id, going_on, report)


def _go_on(
    project: Project,
    run_id: str,
    going_on: Callable[[], Coroutine[None, None, int]],
    report: Callable[[str], int],
) -> int:
    """Go on with the run, unless somebody else does; return the exit code."""
    try:
        return asyncio.run(going_on())
    except StoreLocked as locked:
        again = resumable(run_id, project)
        return report(f"the store is in use by {locked.holder}; after that, `{again}` goes on")
    except RunConflict:
        head = find_head(project, run_id)
        if not is_over(head):
            raise
        return report(f"the run is over: {head.status}")  # who executed it was quick
