"""Runs as a bystander sees them."""

import fcntl
import os
import shutil
import tempfile
import warnings
from pathlib import Path

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


@pytest.fixture
def open_to_all():
    """Return a folder that every user may look into; those of pytest are its user's alone."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    for one in (folder, *folder.rglob("*")):
        one.chmod(0o755)
    shutil.rmtree(folder)


def test_a_bystander_who_may_not_write_can_look(open_to_all):
    """Root may write anywhere, so it becomes nobody for a moment, in a process of its own."""
    make(open_to_all, flowrun_yaml="version: 1\n", talk_flow_yaml=TALK, talk_replies_yaml=REPLIES)
    project = open_project(open_to_all, {})
    run(project, "talk-1")
    show_run(project, "talk-1")  # loads what it needs while we may
    for one in (*open_to_all.rglob("*"), open_to_all):
        one.chmod(0o555 if one.is_dir() else 0o444)
    with warnings.catch_warnings():  # the threads of pytest are none of the child's business
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            [head] = list_runs(project).heads
            os._exit(0 if show_run(project, "talk-1").head == head else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_id_that_no_run_can_have_is_of_no_run(project):
    run(project, "talk-1")
    for name in ("", "\udcff", "a b"):
        with pytest.raises(RunNotFound):
            show_run(project, name)
