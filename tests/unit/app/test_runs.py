"""Runs as a bystander sees them."""

import fcntl

import pytest

from flowrun.app.project import open_project
from flowrun.app.runs import list_runs, refuse_finished, show_run
from flowrun.errors import RunConflict, RunNotFound
from tests.support.projects import REPLIES, TALK, Watcher, execute, make


@pytest.fixture
def project(tmp_path):
    make(tmp_path, flowrun_yaml="version: 1\n", talk_flow_yaml=TALK, talk_replies_yaml=REPLIES)
    return open_project(tmp_path, {})


def run(project, run_id, **how):
    execute(project.root / "talk.flow.yaml", run_id=run_id, **how)


def mark_running(project, run_id):
    """Leave a run behind as a crash does: marked running."""
    from flowrun.storage.database import open_database

    store = open_database(project.store_path, holder="a test")
    store.submit("UPDATE flow_run SET status = 'running' WHERE run_id = ?", ((run_id,),))
    store.close()


def test_before_the_first_run_there_are_none_and_none_can_be_shown(project):
    assert list_runs(project).heads == []
    with pytest.raises(RunNotFound) as missing:
        show_run(project, "talk-1")
    assert missing.value.hint == "nothing has been run in this project yet"
    assert not project.store_path.parent.exists()


def test_runs_are_listed_the_latest_first(project):
    run(project, "talk-1")
    run(project, "talk-2", watcher=Watcher(stop_at="StepStarted"))
    assert [one.run_id for one in list_runs(project).heads] == ["talk-2", "talk-1"]


def test_a_run_is_shown_with_its_plan_its_events_and_where_it_came_from(project):
    run(project, "talk-1")
    stored = show_run(project, "talk-1")
    assert (stored.head.status, stored.plan.flow) == ("completed", "talk")
    assert stored.setting.origin == {
        "path": "talk.flow.yaml",
        "default": "scripted:talk.replies.yaml",
    }
    assert stored.events[-1].event.outputs == {"hello": "Mild."}


def test_a_near_name_is_suggested(project):
    run(project, "talk-1")
    with pytest.raises(RunNotFound, match="no run `talk-l`") as missing:
        show_run(project, "talk-l")
    assert missing.value.hint == "did you mean `talk-1`?"


def test_a_run_marked_running_is_alive_exactly_while_somebody_owns_the_store(project):
    run(project, "talk-1")
    mark_running(project, "talk-1")
    [head] = list_runs(project).heads
    assert (head.status, head.alive) == ("running", False)
    lock = project.store_path.with_name(project.store_path.name + ".lock")
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        [head] = list_runs(project).heads
        assert head.alive
        assert show_run(project, "talk-1").head.alive


def test_only_a_run_that_is_over_is_refused(project):
    run(project, "talk-1")
    with pytest.raises(RunConflict, match="run `talk-1` is over: completed"):
        refuse_finished(show_run(project, "talk-1").head)
    mark_running(project, "talk-1")
    refuse_finished(show_run(project, "talk-1").head)
