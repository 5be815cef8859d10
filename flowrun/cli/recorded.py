"""What is said of an answer that was recorded and that somebody else goes on with."""

from flowrun.app.follow import RunOutcome
from flowrun.app.project import Project, told_apart
from flowrun.app.runs import show_run
from flowrun.cli.audience import write_result
from flowrun.cli.streams import tell
from flowrun.events.records import QuestionAsked
from flowrun.views.text import neutralise


def report_recorded(
    project: Project, run_id: str, asked: QuestionAsked, form: str, said: str, *, quiet: bool
) -> int:
    """Say what becomes of an answer; with `--format json`, how the run stands. Return 0.

    Args:
        project: Holds the store.
        run_id: Of the run.
        asked: What was answered.
        form: See `cli.audience.OUTPUT_FORMATS`.
        said: Who goes on with the run, or how.
        quiet: Whether nothing is narrated.
    """
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
