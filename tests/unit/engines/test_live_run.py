"""One run at work: rows, what is heard, and when it is offered to be parked."""

import asyncio

import pytest

from flowrun.engines.inbox import Message
from flowrun.engines.live_run import HOLD_S
from flowrun.events.codec import encode_event
from flowrun.events.records import QuestionAnswered, QuestionAsked
from flowrun.ids import ordered_json
from tests.support.engines import said, soon
from tests.support.live_runs import live_run, stored

ASKED = QuestionAsked(step="refund", question="a/ask", kind="approve", message="Go?")
ANSWERED = QuestionAnswered(step="refund", question="a/ask", decision="approved", by="ann")


def message(name="ask", sender="ann"):
    return Message(
        run_id="run-1", name=name, value={"n": 1}, message_id=sender, sender=sender, at=7.0
    )


async def turns(count=3):
    for _ in range(count):
        await asyncio.sleep(0)


def told(folder, story, rows=()):
    async def go():
        async with live_run(folder, rows) as run:
            offered = []
            run.when_still = offered.append
            result = await soon(story(run))
            await turns()
            return result, len(offered)

    return asyncio.run(go())


def test_a_run_in_which_something_waits_and_nothing_moves_is_offered(tmp_path):
    async def story(run):
        run.waiters["ask"] = bool
        run.rest()

    assert told(tmp_path, story)[1] == 1


def test_a_run_that_moves_again_at_once_is_not_offered(tmp_path):
    async def story(run):
        run.waiters["ask"] = bool
        run.rest()
        run.moving += 1

    assert told(tmp_path, story)[1] == 0


def test_an_effect_under_way_keeps_a_run_and_its_end_lets_it_be_offered(tmp_path):
    async def story(run):
        run.waiters["ask"] = bool
        run.under_way.add("x")
        run.rest()
        await turns()
        before = run.look
        run.under_way.clear()
        run.look_soon()
        return before

    assert told(tmp_path, story) == (None, 1)


def test_a_run_in_which_nothing_waits_is_not_offered(tmp_path):
    """A mistake of ours, then; parking it would hide that."""

    async def story(run):
        run.rest()

    assert told(tmp_path, story)[1] == 0


@pytest.mark.parametrize(("seconds", "offers"), [(HOLD_S, 0), (HOLD_S + 0.1, 1)])
def test_a_timer_near_by_is_waited_for(tmp_path, seconds, offers):
    async def story(run):
        run.waiters["ask"] = bool
        run.timer_left("pause", seconds)
        run.arm("pause", bool)
        run.rest()

    assert told(tmp_path, story)[1] == offers


def test_a_run_that_stops_already_is_not_offered(tmp_path):
    async def story(run):
        run.waiters["ask"] = bool
        run.stopping = True
        run.rest()

    assert told(tmp_path, story)[1] == 0


def test_what_was_said_is_heard_and_its_row_written_once(tmp_path):
    async def story(run):
        assert run.hear("ask") is None
        run.tell(message())
        run.tell(message(sender="bob"))
        heard = [run.hear("ask"), run.hear("ask")]
        await run.database.commit()
        return heard, stored(run)

    (heard, rows), _ = told(tmp_path, story)
    assert heard[0] == heard[1]
    assert (heard[0].value, heard[0].sender, heard[0].at) == ({"n": 1}, "ann", 7.0)
    assert [(key, kind) for _, key, kind, _ in rows] == [("ask", "signal")]


def test_what_was_heard_in_an_earlier_life_is_heard_again(tmp_path):
    async def story(run):
        return run.hear("ask"), run.seq

    row = (4, "ask", "signal", '{"value":{"n":2},"sender":"ann","at":3.0,"message_id":"m"}')
    (heard, seq), _ = told(tmp_path, story, [row])
    assert (heard.value, heard.sender, seq) == ({"n": 2}, "ann", 4)


def test_who_waits_is_woken_by_what_is_said(tmp_path):
    async def story(run):
        woken = []
        run.waiters["ask"] = lambda: woken.append(1)
        run.tell(message("other"))
        run.tell(message())
        run.tell(message())
        return woken

    assert told(tmp_path, story)[0] == [1]


def test_questions_are_those_waited_or_asked_for_and_not_answered(tmp_path):
    async def story(run):
        run.append_event("a/ask/asked", ASKED)
        run.waiters["b/ask"] = bool
        before = run.questions()
        run.tell(message("b/ask"))
        between = run.questions()
        run.append_event("a/ask/answered", ANSWERED)
        return before, between, run.questions(), run.asked

    assert told(tmp_path, story)[0] == (("a/ask", "b/ask"), ("a/ask",), (), {})


@pytest.mark.parametrize("answered", [True, False])
def test_questions_of_earlier_lives_are_known(tmp_path, answered):
    rows = [(1, "x", "event", encode_event(said("x"))), (2, "q", "event", encode_event(ASKED))]
    if answered:
        rows.append((3, "r", "event", encode_event(ANSWERED)))

    async def story(run):
        return run.asked

    assert told(tmp_path, story, rows)[0] == ({} if answered else {"a/ask": "refund"})


def test_a_timer_s_end_is_recorded_once_and_that_it_came_too(tmp_path):
    async def story(run):
        left = [run.timer_left("pause", 30.0), run.timer_left("pause", 30.0)]
        run.fire("pause")
        run.fire("pause")
        left.append(run.timer_left("pause", 30.0))
        await run.database.commit()
        return left, stored(run)

    (left, rows), _ = told(tmp_path, story)
    assert left == [30.0, 30.0, 0.0]
    assert rows == [(1, "pause", "fact", "35.0"), (2, "pause", "fired", "{}")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": "ü", "a": [1, None]}, '{"b":"ü","a":[1,null]}'),
        ({"b": "\ud83d"}, '{"b":"\\ud83d"}'),
    ],
)
def test_a_row_keeps_its_writer_s_order_and_can_be_stored(value, expected):
    assert ordered_json(value) == expected
    expected.encode()
