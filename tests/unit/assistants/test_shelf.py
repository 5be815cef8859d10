"""What is kept at hand, what is forgotten, and that nothing is forgotten too early."""

import asyncio

import pytest

from flowrun.assistants.shelf import Shelf
from flowrun.errors import RuntimeRejected
from tests.support.desk import at_desk
from tests.support.models import call, say


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def small(desk, kept=2) -> Shelf:
    """Give the service a shelf that holds few threads."""
    shelf = desk.service._shelf
    shelf._idle_threads = kept
    return shelf


def test_a_thread_at_hand_is_the_very_object(path):
    async def work(desk):
        thread = desk.service.open_thread("label")
        shelf = desk.service._shelf
        assert shelf.thread(thread.id) is shelf.thread(thread.id) is shelf.labelled_thread("label")

    at_desk(path, work)


def test_nothing_leaves_the_shelf_before_it_is_durable(path):
    async def work(desk):
        shelf = small(desk)
        threads = [desk.service.open_thread(f"label {index}") for index in range(6)]
        live = desk.run(thread=threads[0].id)
        shelf.retire(live)
        assert len(shelf._threads) == 6
        await desk.service.settle()
        shelf.retire(live)
        assert len(shelf._threads) == 3
        shelf.retire(live)
        assert len(shelf._threads) == 2
        assert threads[0].id in shelf._threads

    at_desk(path, work)


def test_a_forgotten_thread_is_read_back_with_its_conversation(path):
    async def work(desk):
        shelf = small(desk, kept=0)
        live = desk.run("hello")
        await desk.follow(live)
        assert not shelf._threads
        found = shelf.thread(live.run.thread_id)
        assert found is not live.thread
        assert found.transcript.items == live.thread.transcript.items

    at_desk(path, work, say("Hi"))


def test_a_thread_with_an_active_run_stays(path):
    async def work(desk):
        shelf = small(desk, kept=0)
        live = desk.run("hello")
        await desk.follow(live)
        assert shelf.thread(live.run.thread_id) is live.thread

    at_desk(path, work, call("a"))


def test_a_run_that_is_over_is_forgotten_and_found_in_the_store(path):
    async def work(desk):
        live = desk.run("hello", label="run")
        await desk.follow(live)
        shelf = desk.service._shelf
        assert not shelf._runs
        assert not shelf._run_ids
        found = shelf.labelled_run("run")
        assert found is not live
        assert (found.run, found.texts) == (live.run, ["Hi"])
        assert shelf.run(live.run.thread_id, live.run.id).run == live.run
        assert shelf.labelled_run("other") is None

    at_desk(path, work, say("Hi"))


def test_a_run_that_expired_unseen_is_forgotten_with_the_next_stop(path):
    async def work(desk):
        live = desk.run("hello")
        desk.clock.advance(600)
        live.timer._run()
        shelf = desk.service._shelf
        assert live.run.id in shelf._runs
        await desk.follow(desk.run("more"))
        assert not shelf._runs

    at_desk(path, work, say("Hi"))


def test_closing_stops_the_clocks_and_ends_nothing(path):
    async def work(desk):
        live = desk.run("hello")
        following = asyncio.create_task(desk.follow(live))
        await desk.model.holding.wait()
        await desk.service.close()
        assert live.timer is None
        desk.model.release.set()
        await following
        assert live.run.status == "completed"

    at_desk(path, work, say("Hi", hold=True))


def test_a_run_is_found_only_on_its_own_thread(path):
    async def work(desk):
        live = desk.run("hello")
        other = desk.service.open_thread()
        await desk.service.settle()
        with pytest.raises(RuntimeRejected, match="No run found"):
            desk.service._shelf.run(other.id, live.run.id)
        with pytest.raises(RuntimeRejected, match="No thread found"):
            desk.service._shelf.run("thread_none", "run_none")

    at_desk(path, work)
