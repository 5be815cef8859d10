"""An engine that carries nothing out."""

import asyncio

import pytest

from flowrun.app.bare_session import open_bare_session
from flowrun.app.project import open_project
from flowrun.errors import IllegalTransition, StoreLocked
from flowrun.storage.lock import lock_holder
from tests.support.projects import ASK, execute, make


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, flowrun_yaml="version: 1\n", ask_flow_yaml=ASK)
    return open_project(tmp_path, {})


def inside(project, work):
    async def whole():
        async with open_bare_session(project, "a test") as session:
            return await work(session)

    return asyncio.run(whole())


def test_the_store_is_owned_for_a_moment(project):
    async def work(_):
        with pytest.raises(StoreLocked, match="in use by `a test`"):
            async with open_bare_session(project, "another"):
                pass
        return lock_holder(project.store_path)

    assert "`a test` (process" in inside(project, work)
    assert lock_holder(project.store_path) is None


def test_a_run_that_is_entered_all_the_same_is_our_mistake(project):
    execute("ask.flow.yaml", run_id="mine")

    async def work(session):
        await session.engine.resume("mine")
        await session.engine.wait("mine")

    with pytest.raises(IllegalTransition):
        inside(project, work)
