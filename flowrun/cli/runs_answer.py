"""`flowrun runs answer`: answer a question of a run, and go on with it."""

import asyncio
import os
from functools import partial

import click

from flowrun.app.answer import find_open_question, leave_answer, wait_until_heard
from flowrun.app.answers import Given, make_answer
from flowrun.app.execute import resume_run
from flowrun.app.follow import RunOutcome
from flowrun.app.input_file import read_inputs_file
from flowrun.app.project import Project, project_around, told_apart
from flowrun.app.runs import show_run
from flowrun.cli.audience import OUTPUT_FORMATS, carry_out, write_result
from flowrun.cli.dialogue import converse
from flowrun.cli.run_options import ENDPOINT, NO_ASK, PLAIN, PROJECT, QUIET, SENDER
from flowrun.cli.streams import tell
from flowrun.cli.terminal import can_ask, read_line, who_asks
from flowrun.errors import BadRequest, StoreLocked
from flowrun.events.records import Decision, QuestionAsked
from flowrun.ids import JsonObject
from flowrun.storage.lock import lock_holder
from flowrun.views.commands import answer_commands, resume_command
from flowrun.views.text import neutralise


@click.command(name="answer")
@click.argument("run_id", metavar="RUN")
@click.argument("step", metavar="STEP")
@click.option("--approve", "decision", flag_value="approved", help="Say yes.")
@click.option("--reject", "decision", flag_value="rejected", help="Say no; a form, too.")
@click.option("--value", "pairs", multiple=True, metavar="NAME=VALUE", help="One field of a form.")
@click.option("--values", "file", metavar="FILE", help="Fields from a YAML or JSON file.")
@click.option("--done", "decision", flag_value="done", help="The call in doubt did happen.")
@click.option("--output", metavar="TEXT", help="What it came to, with `--done`; text or JSON.")
@click.option("--run", "decision", flag_value="run", help="It did not happen: run it now.")
@click.option("--fail", "decision", flag_value="fail", help="Let the step fail.")
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
    decision: Decision | None,
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
    values = read_inputs_file(file, "values") if file else {}
    if decision is None and (pairs or file):
        decision = "answered"
    if output is not None and decision != "done":
        raise BadRequest("expected `--output` only with `--done`")
    if (pairs or file) and decision != "answered":
        raise BadRequest("expected values of a form, or a decision, not both")
    if decision is None:
        value = _ask_here(run_id, asked, told_apart(project.root), ask=not no_ask)
    else:
        given = Given(
            decision=decision, values=values, pairs=pairs, output=output or "", comment=comment
        )
        value = make_answer(asked, given)
    who = who_asks() if sender is None else sender
    leave_answer(project, run_id, asked, value, sender=who)
    again = resume_command(run_id, told_apart(project.root))
    report = partial(_report, project, run_id, asked, form, quiet=quiet)
    if no_wait:
        return report(f"`{again}` goes on")
    holder = lock_holder(project.store_path)
    if holder is not None and asyncio.run(wait_until_heard(project, run_id, asked)):
        return report(f"the run goes on in {holder}")
    try:
        return asyncio.run(
            carry_out(
                lambda occasion: resume_run(project, run_id, endpoint=endpoint, occasion=occasion),
                form=form,
                live=not plain and not quiet,
                quiet=quiet,
                ask=not no_ask,
            )
        )
    except StoreLocked as locked:
        return report(f"the store is in use by {locked.holder}; after that, `{again}` goes on")


def _ask_here(run_id: str, asked: QuestionAsked, project: str, *, ask: bool) -> JsonObject:
    commands = answer_commands(run_id, asked, project=project)
    if not ask or not can_ask():
        raise BadRequest(f"expected an answer to `{asked.step}`", f"for one, `{commands[0]}`")
    value = asyncio.run(converse(asked, tell, read_line))
    if value is None:
        raise click.Abort
    return value


def _report(
    project: Project, run_id: str, asked: QuestionAsked, form: str, said: str, *, quiet: bool
) -> int:
    """Say what becomes of an answer that we do not go on with ourselves."""
    if not quiet:
        tell(neutralise(f"answer to `{asked.step}` recorded; {said}"))
    if form == "json":
        stored = show_run(project, run_id)
        outcome = RunOutcome(
            head=stored.head,
            plan=stored.plan,
            events=stored.events,
            project=told_apart(project.root),
        )
        write_result(outcome, form)
    return 0
