"""Live threads and runs: places, drafts, and waking whoever waits."""

import asyncio

from flowrun.assistants.drafts import MessageDraft
from flowrun.assistants.live import LiveRun, LiveThread
from flowrun.assistants.progress import RunChanged
from flowrun.assistants.records import RunState, Thread
from tests.unit.assistants.test_turnplan import run

THREAD = Thread(id="thread_1", number=1, created_at=0)


def test_places_of_a_thread_are_given_once():
    thread = LiveThread(THREAD)
    assert [thread.take_place() for _ in range(3)] == [1, 2, 3]


def test_what_happened_is_told_once():
    live = LiveRun(run(), LiveThread(THREAD), 0)
    live.untold.append(RunChanged("queued", live.run))
    assert len(live.take_untold()) == 1
    assert live.take_untold() == []


def test_dropped_drafts_are_gone():
    live = LiveRun(run(), LiveThread(THREAD), 0)
    live.message_draft = MessageDraft(live.run, 0)
    live.drop_drafts()
    assert live.message_draft is None


def test_a_run_has_stopped_when_it_is_over():
    assert not LiveRun(run(), LiveThread(THREAD), 0).has_stopped
    assert LiveRun(run(RunState(status="failed")), LiveThread(THREAD), 0).has_stopped


def test_letting_go_stops_the_clock_and_wakes_whoever_waits():
    async def main():
        live = LiveRun(run(), LiveThread(THREAD), 0)
        live.timer = asyncio.get_running_loop().call_later(600, print)
        waiting = asyncio.create_task(asyncio.Event().wait())
        await asyncio.sleep(0)
        live.waiter = waiting
        timer = live.timer
        live.let_go()
        assert timer.cancelled()
        assert (live.timer, live.waiter, live.interrupted) == (None, None, True)
        await asyncio.wait([waiting])
        assert waiting.cancelled()

    asyncio.run(main())


def test_letting_go_when_nobody_waits_interrupts_nobody():
    live = LiveRun(run(), LiveThread(THREAD), 0)
    live.let_go()
    assert not live.interrupted
