"""Strands: who moves, who waits, and that nobody who is woken is taken for still."""

import asyncio

from flowrun.engines.scope import JournalScope
from flowrun.engines.strand import ChildScope, Roots, Strand
from tests.support.engines import soon
from tests.support.live_runs import live_run


def with_roots(folder, story):
    async def go():
        async with live_run(folder) as run:
            return await soon(story(run, Roots(run)))

    return asyncio.run(go())


async def forever(own):
    await asyncio.Event().wait()


def begin(strand, work, told):
    run = strand.run
    strand.begin(ChildScope("c"), work, JournalScope(Strand(run), "c/"), told.append)


def test_a_strand_moves_until_it_waits_and_again_when_it_is_woken(tmp_path):
    async def story(run, roots):
        counts = [run.moving]
        wake = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(roots.root.pause(wake))
        await asyncio.sleep(0)
        counts.append(run.moving)
        roots.root.end_pause(wake)
        counts.append(run.moving)  # before it has had a turn
        roots.root.end_pause(wake)
        await waiting
        return [*counts, run.moving]

    assert with_roots(tmp_path, story) == [1, 0, 1, 1]


def test_a_wait_that_is_given_up_counts_as_moving_again(tmp_path):
    async def story(run, roots):
        wake = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(roots.root.pause(wake))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        roots.root.end_pause(wake)
        return run.moving, roots.root.waits

    assert with_roots(tmp_path, story) == (1, 0)


def test_one_who_waits_for_two_things_rests_once(tmp_path):
    async def story(run, roots):
        wakes = [asyncio.get_running_loop().create_future() for _ in range(2)]
        waiting = [asyncio.create_task(roots.root.pause(one)) for one in wakes]
        await asyncio.sleep(0)
        counts = [run.moving]
        for one in wakes:
            roots.root.end_pause(one)
            counts.append(run.moving)
        await asyncio.gather(*waiting)
        return counts

    assert with_roots(tmp_path, story) == [0, 0, 1]


def test_a_child_is_told_of_when_it_is_over_and_moves_no_more(tmp_path):
    async def story(run, roots):
        told = []

        async def work(own):
            assert run.moving == 2

        begin(roots.root, work, told)
        await asyncio.sleep(0)
        return [one.key for one in told], run.moving, roots.root.tasks

    assert with_roots(tmp_path, story) == (["c"], 1, set())


def test_a_child_that_never_had_a_turn_leaves_no_trace(tmp_path):
    async def story(run, roots):
        begin(roots.root, forever, [])
        await roots.root.abandon()
        return run.moving, roots.root.tasks

    assert with_roots(tmp_path, story) == (1, set())


def test_a_child_takes_its_own_children_with_it(tmp_path):
    gone = []

    async def story(run, roots):
        async def outer(own):
            own.child("inner", inner)
            await own.wait_any()

        async def inner(own):
            try:
                await forever(own)
            finally:
                await asyncio.sleep(0)
                gone.append(own.path("x"))

        begin(roots.root, outer, [])
        for _ in range(3):
            await asyncio.sleep(0)
        assert run.moving == 2, "the root and the innermost"
        await roots.root.abandon()
        return gone, run.moving

    assert with_roots(tmp_path, story) == (["c/inner/x"], 1)


def test_who_is_cancelled_while_it_abandons_waits_for_its_children_all_the_same(tmp_path):
    gone, gate = [], asyncio.Event()

    async def slow_to_leave(own):
        try:
            await forever(own)
        finally:
            await gate.wait()
            gone.append("slow")

    async def story(run, roots):
        begin(roots.root, slow_to_leave, [])
        await asyncio.sleep(0)
        begin(roots.root, forever, [])  # this one never has a turn
        abandoning = asyncio.create_task(roots.root.abandon())
        for _ in range(3):
            await asyncio.sleep(0)
            abandoning.cancel()
        asyncio.get_running_loop().call_soon(gate.set)
        await asyncio.wait([abandoning])
        return gone, abandoning.cancelled(), run.moving, roots.root.tasks

    assert with_roots(tmp_path, story) == (["slow"], True, 1, set())


def test_the_roots_hear_that_the_run_is_cancelled_when_nothing_is_left(tmp_path):
    async def story(run, roots):
        told = []
        begin(roots.root, forever, told)
        limited = Strand(run, roots)
        roots.strands.append(limited)
        begin(limited, forever, told)
        wake = limited.child_wait = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(limited.pause(wake))
        await asyncio.sleep(0)
        run.cancelled = True
        await roots.cancel()
        await waiting
        return roots.told, roots.root.tasks, limited.tasks, len(told)

    assert with_roots(tmp_path, story) == (True, set(), set(), 2)
