"""Which runs are deleted, and what goes with them."""

import asyncio

import pytest

from flowrun.app.project import open_project
from flowrun.app.prune import Retention, prune_runs
from flowrun.app.runs import list_runs
from flowrun.storage.database import StoreReader
from tests.support.projects import ASK, REPLIES, TALK, execute, make

LATER = 1e12
SHARED = TALK.replace("steps:", "threads: {own: {}, all: {key: all}}\nsteps:").replace(
    "  hello: {assistant: guide,",
    "  other: {assistant: guide, thread: all, message: x}\n"
    "  hello: {assistant: guide, thread: own,",
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(
        tmp_path,
        flowrun_yaml="version: 1\n",
        ask_flow_yaml=ASK,
        talk_flow_yaml=SHARED,
        talk_replies_yaml=REPLIES,
    )
    return open_project(tmp_path, {})


def prune(project, *, dry_run=False, **wanted):
    retention = Retention(**{"before": LATER, **wanted})
    return asyncio.run(prune_runs(project, retention, dry_run=dry_run))


def left(project):
    return [one.run_id for one in list_runs(project).heads]


def threads(project):
    store = StoreReader(project.store_path)
    try:
        return len(store.read("SELECT id FROM thread"))
    finally:
        store.close()


def test_without_a_store_there_is_nothing_to_delete(project):
    assert prune(project).run_ids == ()
    assert not project.store_path.exists()


def test_only_what_is_over_is_deleted_and_shared_threads_stay(project):
    for run_id in ("one", "two"):
        execute("talk.flow.yaml", run_id=run_id)
    execute("ask.flow.yaml", run_id="waits")
    assert threads(project) == 3
    planned = prune(project, dry_run=True)
    assert (planned.run_ids, planned.threads) == (("two", "one"), 2)
    assert planned.weight > 500
    assert left(project) == ["waits", "two", "one"]
    assert prune(project) == planned
    assert (left(project), threads(project)) == (["waits"], 1)


def test_the_young_the_latest_and_other_states_are_kept(project):
    for run_id in ("one", "two", "three"):
        execute("talk.flow.yaml", run_id=run_id)
    assert prune(project, before=0.0).run_ids == ()
    assert prune(project, statuses=frozenset(("failed",))).run_ids == ()
    assert prune(project, keep=2).run_ids == ("one",)
    assert left(project) == ["three", "two"]


def test_no_wish_deletes_what_is_not_over(project):
    execute("ask.flow.yaml", run_id="waits")
    for statuses in (frozenset(), frozenset(("parked",))):
        assert prune(project, statuses=statuses).run_ids == ()
    assert left(project) == ["waits"]
