"""Threads that are forgotten."""

from flowrun.assistants.retention import AT_ONCE, delete_threads
from tests.support.desk import at_desk
from tests.support.models import say


def rows(desk, table):
    return len(desk.database.read(f"SELECT 1 FROM {table}"))


def test_a_thread_goes_with_all_that_is_on_it(tmp_path):
    async def work(desk):
        kept, gone = desk.service.open_thread().id, desk.service.open_thread().id
        for thread in (kept, gone):
            await desk.follow(desk.run(thread=thread))
        await desk.service.settle()
        await delete_threads(desk.database, {gone, "thread_of_nobody"})
        return [rows(desk, one) for one in ("thread", "assistant_run", "message", "run_snapshot")]

    assert at_desk(tmp_path / "store.db", work, say("one"), say("two")) == [1, 1, 2, 1]


def test_many_threads_go_in_several_commits(tmp_path):
    async def work(desk):
        ids = {desk.service.open_thread().id for _ in range(AT_ONCE + 5)}
        await desk.service.settle()
        await delete_threads(desk.database, ids)
        await delete_threads(desk.database, ())
        return rows(desk, "thread")

    assert at_desk(tmp_path / "store.db", work) == 0
