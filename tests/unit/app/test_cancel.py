"""Cancelling a run that nobody executes, or that somebody does."""

import asyncio

import pytest

from flowrun.app.cancel import cancel_run, open_assistant_runs
from flowrun.app.project import open_project
from flowrun.app.runs import show_run
from flowrun.errors import RunConflict, RunNotFound
from flowrun.events.records import AssistantRunStarted, StepFinished
from tests.support.projects import ASK, execute, make
from tests.support.run_story import stamp


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, flowrun_yaml="version: 1\n", ask_flow_yaml=ASK)
    execute("ask.flow.yaml", run_id="mine")
    return open_project(tmp_path, {})


def cancel(project, run_id="mine"):
    return asyncio.run(cancel_run(project, run_id, by="ann", reason="too late"))


def test_a_waiting_run_is_over_at_once(project):
    assert cancel(project).status == "cancelled"
    events = [type(one.event).__name__ for one in show_run(project, "mine").events]
    assert events[-2:] == ["FlowRunCancelling", "FlowRunFinished"]


def test_what_is_over_or_never_was_is_refused(project):
    cancel(project)
    with pytest.raises(RunConflict, match="is over: cancelled"):
        cancel(project)
    with pytest.raises(RunNotFound):
        cancel(project, "other")


def test_neither_tools_nor_the_flow_are_needed(project):
    (project.root / "ask.flow.yaml").unlink()
    assert cancel(project).status == "cancelled"


def test_assistant_runs_of_steps_that_are_not_over_are_open():
    def began(step, run):
        return AssistantRunStarted(step=step, assistant="a", thread_id="t", run_id=run)

    story = stamp(
        (0, began("a", "run_1")),
        (0, began("b[0]~1", "run_2")),
        (0, began("b[1]", "run_3")),
        (0, began("c", "run_4")),
        (1, StepFinished(step="a", status="completed")),
        (1, StepFinished(step="b[0]", status="completed")),
    )
    assert [one.run_id for one in open_assistant_runs(story)] == ["run_3", "run_4"]
