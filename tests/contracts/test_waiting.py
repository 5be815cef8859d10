"""How every engine's runs wait: for instants, for people, for work with a limit; and are parked."""

import asyncio

import pytest

from flowrun.clock import ManualClock
from flowrun.errors import AlreadyAnswered, RunConflict, RunNotFound
from flowrun.events.records import (
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    QuestionAnswered,
    QuestionAsked,
)
from tests.support.crash import Died
from tests.support.engines import (
    ENGINES,
    PLAN,
    SETTING,
    die,
    doing,
    done,
    dying,
    kept,
    live,
    said,
    until,
    within,
)

DAY_S = 86_400.0
YES = {"decision": "approved", "value": None, "comment": "fine"}


@pytest.fixture(params=ENGINES)
def place(request, tmp_path):
    return ENGINES[request.param](tmp_path)


@pytest.fixture
def clock(place):
    place.clock = ManualClock()
    return place.clock


async def start(engine, run_id="run-1", inputs=None):
    await engine.start(run_id, PLAN, inputs or {}, SETTING)


async def answer(engine, name="ask", run_id="run-1", message_id="m1", sender="ann", value=YES):
    await engine.send(run_id, name, value, message_id=message_id, sender=sender)


async def asking(scope, plan, inputs, setting):
    heard = await scope.signal("ask")
    return done(value=heard.value, sender=heard.sender)


# Scopes of one strand


def test_a_nested_scope_has_keys_and_children_of_its_own_and_goes_with_its_parent(place):
    seen, gone = [], []

    async def interpret(scope, plan, inputs, setting):
        inner = scope.nested("loop[1]")
        seen.append(inner.path("x"))
        seen.append(inner.nested("try[2]").path("x"))
        await inner.effect("x", doing("inner"))

        async def quick(own):
            seen.append(own.path("x"))

        async def slow(own):
            try:
                await asyncio.Event().wait()
            finally:
                gone.append(own.path(""))

        inner.child("quick", quick)
        scope.child("slow", quick)
        assert [one.key for one in await inner.wait_any()] == ["quick"]
        assert [one.key for one in await scope.wait_any()] == ["slow"]
        inner.nested("deep").child("slow", slow)
        inner.child("other", slow)
        await asyncio.sleep(0)
        return done()

    _, events = live(place, interpret)
    assert seen == ["loop[1]/x", "loop[1]/try[2]/x", "loop[1]/quick/x", "slow/x"]
    assert sorted(gone) == ["loop[1]/deep/slow/", "loop[1]/other/"]
    assert events[1] == said("inner")


# Policies


def test_a_keyed_effect_is_done_again_after_a_death_and_kept_once_done(place):
    calls = []

    async def interpret(scope, plan, inputs, setting):
        event = await scope.effect("charge", dying(calls), "keyed")
        await scope.effect("after", dying([0], 2) if len(calls) == 2 else doing("x"))
        return done(said=event.step)

    die(place, interpret)
    die(place, interpret, resume=True)
    calls.append("third life")
    _, events = live(place, interpret, resume=True)
    assert events[-1] == done(said="2")
    assert calls == [1, 2, "third life"]


@pytest.mark.parametrize("policy", ["probe", "at_most_once"])
def test_what_must_be_asked_about_is_not_done_again(place, policy):
    from flowrun.ports.durable import OutcomeUnknown

    calls = []

    async def interpret(scope, plan, inputs, setting):
        try:
            await scope.effect("charge", dying(calls), policy)
        except OutcomeUnknown:
            again = await scope.effect("charge/again", doing("again", calls), policy)
            return done(said=again.step)

    die(place, interpret)
    _, events = live(place, interpret, resume=True)
    assert events[-1] == done(said="again")
    assert calls == [1, "again"]


# Instants


def test_an_instant_is_waited_for_and_the_run_is_parked_meanwhile(place, clock):
    async def interpret(scope, plan, inputs, setting):
        await scope.until("pause", DAY_S)
        return done()

    async def story(engine):
        began = clock.now()
        await start(engine)
        waiting = asyncio.create_task(engine.wait("run-1"))
        await until(lambda: engine.list()[0].status == "parked")
        (head,) = engine.list()
        assert (head.wake_at, head.questions, head.alive) == (began + DAY_S, (), False)
        clock.advance(DAY_S - 1)
        await asyncio.sleep(0.01)
        assert not waiting.done()
        assert engine.list()[0].status == "parked"
        clock.advance(1)
        return await waiting, kept(engine), began

    head, events, began = within(place, interpret, story)
    assert (head.status, head.wake_at) == ("completed", None)
    assert events[1:] == [
        FlowRunParked(reason="waiting until 2023-11-15 22:13:20 UTC", wake_at=began + DAY_S),
        FlowRunResumed(entry=2),
        done(),
    ]


def test_an_instant_near_by_is_waited_for_without_parking(place, clock):
    calls = []

    async def interpret(scope, plan, inputs, setting):
        calls.append("before")
        await scope.until("pause", 0.9)
        return done()

    async def story(engine):
        await start(engine)
        await until(lambda: calls)
        await asyncio.sleep(0.01)
        assert engine.list()[0].alive
        clock.advance(0.9)
        await engine.wait("run-1")
        return kept(engine)

    assert within(place, interpret, story)[1:] == [done()]
    assert calls == ["before"]


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_an_instant_that_has_come_is_not_waited_for(place, clock, seconds):
    async def interpret(scope, plan, inputs, setting):
        await scope.until("pause", seconds)
        return done()

    assert live(place, interpret)[0].status == "completed"


def sleeping(calls):
    async def interpret(scope, plan, inputs, setting):
        await scope.until("pause", DAY_S)
        await scope.effect("x", doing("woken", calls))
        return done()

    return interpret


def put_to_sleep(place, calls):
    async def story(engine):
        await start(engine)
        await until(lambda: engine.list()[0].status == "parked")

    within(place, sleeping(calls), story)


def test_an_instant_that_came_while_nobody_was_there_is_noticed_at_once(place, clock):
    """K20: a timer that is due while everything is down, by the calendar of the next life."""
    calls = []
    put_to_sleep(place, calls)
    place.clock = ManualClock(clock.now() + DAY_S + 5)

    async def story(engine):
        assert await engine.sweep() == ["run-1"]
        assert await engine.sweep() == []
        return await engine.wait("run-1")

    assert within(place, sleeping(calls), story).status == "completed"
    assert calls == ["woken"]


def test_an_instant_that_has_not_come_is_waited_for_by_the_next_life(place, clock):
    calls = []
    put_to_sleep(place, calls)
    place.clock = later = ManualClock(clock.now() + DAY_S / 2)

    async def story(engine):
        assert await engine.sweep() == []
        await engine.resume("run-1")
        waiting = asyncio.create_task(engine.wait("run-1"))
        await until(lambda: engine.list()[0].status == "parked")
        later.advance(DAY_S / 2 - 1)
        await asyncio.sleep(0.01)
        assert not waiting.done()
        later.advance(1)
        return await waiting

    assert within(place, sleeping(calls), story).status == "completed"


@pytest.mark.parametrize("step_s", [-10 * DAY_S, 10 * DAY_S])
def test_a_step_of_the_calendar_neither_delays_an_instant_nor_brings_it(place, clock, step_s):
    """K20: in one process the monotonic clock decides, also over parking."""
    calls = []

    async def story(engine):
        await start(engine)
        waiting = asyncio.create_task(engine.wait("run-1"))
        await until(lambda: engine.list()[0].status == "parked")
        clock.set_calendar(clock.now() + step_s)
        clock.advance(DAY_S - 1)
        await asyncio.sleep(0.01)
        assert not waiting.done()
        clock.advance(1)
        return await waiting

    assert within(place, sleeping(calls), story).status == "completed"
    assert calls == ["woken"]


def test_a_calendar_that_was_stepped_forward_is_noticed_on_entering_again(place, clock):
    calls = []

    async def story(engine):
        await start(engine)
        await until(lambda: engine.list()[0].status == "parked")
        clock.set_calendar(clock.now() + DAY_S)
        assert await engine.sweep() == ["run-1"]
        return await engine.wait("run-1")

    assert within(place, sleeping(calls), story).status == "completed"


def test_an_instant_that_was_reached_stays_reached_whatever_the_calendar_says_later(place, clock):
    """K20: it was over in one life; in the next the calendar stands before it."""
    calls, deaths = [], []

    async def interpret(scope, plan, inputs, setting):
        await scope.until("pause", 1.0)
        calls.append("over")
        await scope.effect("x", doing("kept"))
        await scope.effect("y", dying(deaths))
        return done()

    async def story(engine):
        await start(engine)
        await asyncio.sleep(0.01)
        clock.advance(1.0)
        with pytest.raises(Died):
            await engine.wait("run-1")

    within(place, interpret, story)
    place.clock = ManualClock(clock.now() - 10 * DAY_S)
    head, events = live(place, interpret, resume=True)
    assert head.status == "completed"
    assert calls == ["over", "over"]
    assert not [one for one in events if isinstance(one, FlowRunParked)]


# Work with a limit


def test_work_that_ends_in_time_ends_as_it_does(place, clock):
    async def interpret(scope, plan, inputs, setting):
        async def work(own):
            await own.effect("x", doing(own.path("x")))

        async def broken(own):
            raise ZeroDivisionError

        ended = await scope.nested("a").within("deadline", 30.0, work)
        with pytest.raises(ZeroDivisionError):
            await scope.nested("b").within("deadline", 30.0, broken)
        return done(ended=ended)

    _, events = live(place, interpret)
    assert events[1:] == [said("a/x"), done(ended=True)]


def test_work_that_takes_too_long_is_gone_with_its_children_before_that_is_known(place, clock):
    gone = []

    async def interpret(scope, plan, inputs, setting):
        async def work(own):
            own.child("left", forever)
            own.nested("deep").child("left", forever)
            await own.effect("slow", asyncio.Event().wait)

        async def forever(own):
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                gone.append(own.path(""))

        ended = await scope.within("deadline", 30.0, work)
        return done(ended=ended, gone=sorted(gone))

    async def story(engine):
        await start(engine)
        await asyncio.sleep(0.01)
        assert engine.list()[0].alive, "an effect is under way"
        clock.advance(30.0)
        await engine.wait("run-1")
        return kept(engine)[-1]

    assert within(place, interpret, story) == done(ended=False, gone=["deep/left/", "left/"])


def test_a_limit_goes_on_while_nobody_executes_the_run_and_is_noticed_at_once(place, clock):
    calls = []

    async def interpret(scope, plan, inputs, setting):
        async def work(own):
            calls.append(own.path("x"))
            await own.effect("x", dying(calls, 2))

        return done(ended=await scope.within("deadline", 30.0, work))

    die(place, interpret)
    place.clock = ManualClock(clock.now() + 31.0)
    _, events = live(place, interpret, resume=True)
    assert events[-1] == done(ended=False)
    assert calls == ["x", 2]


def test_a_limit_that_was_reached_stays_reached(place, clock):
    calls, deaths = [], []

    async def interpret(scope, plan, inputs, setting):
        async def work(own):
            calls.append(1)
            await own.effect("x", asyncio.Event().wait)

        ended = await scope.within("deadline", 30.0, work)
        await scope.effect("after", dying(deaths))
        return done(ended=ended)

    async def story(engine):
        await start(engine)
        await until(lambda: calls)
        clock.advance(30.0)
        with pytest.raises(Died):
            await engine.wait("run-1")

    within(place, interpret, story)
    place.clock = ManualClock(clock.now() - 10 * DAY_S)
    _, events = live(place, interpret, resume=True)
    assert events[-1] == done(ended=False)
    assert calls == [1]


def test_a_question_with_a_limit_is_parked_and_woken_by_its_end(place, clock):
    async def interpret(scope, plan, inputs, setting):
        async def work(own):
            await own.signal("ask")

        return done(ended=await scope.within("deadline", DAY_S, work))

    async def story(engine):
        began = clock.now()
        await start(engine)
        head = await engine.wait("run-1")
        assert (head.status, head.questions, head.wake_at) == ("parked", ("ask",), began + DAY_S)
        clock.advance(DAY_S)
        await until(lambda: engine.list()[0].status == "completed")
        return kept(engine)[-1]

    assert within(place, interpret, story) == done(ended=False)


# People


def test_who_asks_is_parked_and_an_answer_goes_on_with_it(place):
    async def story(engine):
        await start(engine)
        head = await engine.wait("run-1")
        assert (head.status, head.questions, head.wake_at) == ("parked", ("ask",), None)
        await answer(engine)
        return await engine.wait("run-1"), kept(engine)

    head, events = within(place, asking, story)
    assert (head.status, head.questions) == ("completed", ())
    assert events[1:] == [
        FlowRunParked(reason="waiting for an answer to `ask`", questions=("ask",)),
        FlowRunResumed(entry=2),
        done(value=YES, sender="ann"),
    ]


def test_an_answer_in_another_life_goes_on_with_the_run(place):
    assert live(place, asking)[0].status == "parked"

    async def story(engine):
        await answer(engine)
        return await engine.wait("run-1"), kept(engine)

    head, events = within(place, asking, story)
    assert head.status == "completed"
    assert events[-1] == done(value=YES, sender="ann")


def test_an_answer_that_came_before_the_question_is_heard_and_nothing_is_parked(place):
    gate = {}

    async def interpret(scope, plan, inputs, setting):
        gate["reached"].set()
        await gate["let go"].wait()
        return await asking(scope, plan, inputs, setting)

    async def story(engine):
        gate["reached"], gate["let go"] = asyncio.Event(), asyncio.Event()
        await start(engine)
        await gate["reached"].wait()
        await answer(engine)
        gate["let go"].set()
        await engine.wait("run-1")
        return kept(engine)

    assert within(place, interpret, story)[1:] == [done(value=YES, sender="ann")]


def test_an_answer_is_heard_in_every_later_life(place):
    """K18: what was taken in is not asked for again."""
    deaths = []

    async def interpret(scope, plan, inputs, setting):
        heard = await scope.signal("ask")
        await scope.effect("x", dying(deaths))
        return done(value=heard.value, at=heard.at)

    async def story(engine):
        await start(engine)
        await engine.wait("run-1")
        await answer(engine)
        with pytest.raises(Died):
            await engine.wait("run-1")

    within(place, interpret, story)
    head, events = live(place, interpret, resume=True)
    assert head.status == "completed"
    assert events[-1].outputs["value"] == YES


def test_the_first_answer_counts_and_a_second_one_is_told_whose_it_was(place):
    async def story(engine):
        await start(engine)
        await engine.wait("run-1")
        await answer(engine)
        await answer(engine)
        await engine.wait("run-1")
        await answer(engine)
        with pytest.raises(AlreadyAnswered, match=r"approved by ann at .* UTC: fine"):
            await answer(engine, message_id="m2", sender="bob")
        return kept(engine)

    events = within(place, asking, story)
    assert [type(one) for one in events].count(FlowRunFinished) == 1


def test_of_many_answers_at_once_one_counts(place):
    async def story(engine):
        await start(engine)
        await engine.wait("run-1")
        sending = [answer(engine, message_id=f"m{n}", sender=f"s{n}") for n in range(8)]
        ends = await asyncio.gather(*sending, return_exceptions=True)
        await engine.wait("run-1")
        return ends, kept(engine)[-1]

    ends, finished = within(place, asking, story)
    assert [type(one) for one in ends].count(AlreadyAnswered) == 7
    assert finished.outputs["sender"] == f"s{ends.index(None)}"


def test_nobody_answers_a_run_that_is_over_or_unknown(place):
    async def interpret(scope, plan, inputs, setting):
        return done()

    async def story(engine):
        await start(engine)
        await engine.wait("run-1")
        with pytest.raises(RunConflict, match="completed already"):
            await answer(engine)
        with pytest.raises(RunNotFound):
            await answer(engine, run_id="nobody")

    within(place, interpret, story)


def test_a_run_is_not_parked_while_anything_in_it_moves(place):
    gate = {}

    async def interpret(scope, plan, inputs, setting):
        async def waits(own):
            await own.signal("ask")

        async def works(own):
            await own.effect("x", act)

        async def act():
            gate["reached"].set()
            await gate["let go"].wait()
            return said("worked")

        scope.child("a", waits)
        scope.child("b", works)
        over = []
        while len(over) < 2:
            over += [one.key for one in await scope.wait_any()]
        return done(over=over)

    async def story(engine):
        gate["reached"], gate["let go"] = asyncio.Event(), asyncio.Event()
        await start(engine)
        await gate["reached"].wait()
        await asyncio.sleep(0.05)
        assert engine.list()[0].alive
        gate["let go"].set()
        head = await engine.wait("run-1")
        assert (head.status, head.questions) == ("parked", ("a/ask",))
        await answer(engine, "a/ask")
        await engine.wait("run-1")
        return kept(engine)

    events = within(place, interpret, story)
    assert events.count(said("worked")) == 1
    assert events[-1] == done(over=["b", "a"])


def test_an_effect_beside_a_wait_of_the_same_scope_keeps_the_run_at_work(place, clock):
    gate = {}

    async def interpret(scope, plan, inputs, setting):
        async def act():
            await gate["let go"].wait()
            return said("worked")

        await asyncio.gather(scope.until("pause", DAY_S), scope.effect("x", act))
        return done()

    async def story(engine):
        gate["let go"] = asyncio.Event()
        await start(engine)
        await asyncio.sleep(0.01)
        assert engine.list()[0].alive
        gate["let go"].set()
        await until(lambda: engine.list()[0].status == "parked")
        return kept(engine)

    assert said("worked") in within(place, interpret, story)


def test_a_run_is_parked_for_all_of_its_questions_and_says_which_steps_ask(place):
    async def interpret(scope, plan, inputs, setting):
        async def ask(own):
            name = own.path("answer")
            asked = QuestionAsked(
                step=name.split("/")[1], question=name, kind="approve", message="Go?"
            )
            await own.record("answer/asked", asked)
            heard = await own.signal("answer")
            answered = QuestionAnswered(
                step=asked.step, question=name, decision="approved", by=heard.sender
            )
            await own.record("answer/answered", answered)

        for name in ("refund", "ship"):
            scope.child(f"steps/{name}", ask)
        over = 0
        while over < 2:
            over += len(await scope.wait_any())
        return done()

    async def story(engine):
        await start(engine)
        first = await engine.wait("run-1")
        await answer(engine, "steps/ship/answer", message_id="m1")
        second = await engine.wait("run-1")
        await answer(engine, "steps/refund/answer", message_id="m2")
        return first, second, await engine.wait("run-1"), kept(engine)

    first, second, last, events = within(place, interpret, story)
    assert first.questions == ("steps/refund/answer", "steps/ship/answer")
    assert second.questions == ("steps/refund/answer",)
    assert last.status == "completed"
    reasons = [one.reason for one in events if isinstance(one, FlowRunParked)]
    assert reasons == [
        "waiting for answers to `refund` and `ship`",
        "waiting for an answer to `refund`",
    ]


def test_what_a_parked_run_held_is_gone(place):
    gone = []

    async def interpret(scope, plan, inputs, setting):
        async def waits(own):
            try:
                await own.signal("ask")
            finally:
                gone.append(own.path(""))

        scope.child("a", waits)
        await scope.nested("deep").until("pause", DAY_S)
        return done()

    async def story(engine):
        tasks = len(asyncio.all_tasks())
        await start(engine)
        await engine.wait("run-1")
        assert len(asyncio.all_tasks()) == tasks

    within(place, interpret, story)
    assert gone == ["a/"]


def test_a_sleeping_run_that_is_parked_on_request_is_not_waited_for_or_woken(place, clock):
    async def story(engine):
        await start(engine)
        waiting = asyncio.create_task(engine.wait("run-1"))
        await until(lambda: engine.list()[0].status == "parked")
        await engine.park("run-1", "interrupted")
        head = await waiting
        clock.advance(2 * DAY_S)
        await asyncio.sleep(0.01)
        assert engine.list()[0].status == "parked"
        return head

    assert within(place, sleeping([]), story).status == "parked"


def test_a_run_parked_on_request_keeps_its_question_and_an_answer_goes_on_with_it(place):
    gate = {}

    async def interpret(scope, plan, inputs, setting):
        async def waits(own):
            await own.signal("ask")

        async def works(own):
            if "once" not in gate:
                gate["once"] = True
                gate["reached"].set()
                await own.effect("x", asyncio.Event().wait)

        scope.child("a", waits)
        scope.child("b", works)
        over = 0
        while over < 2:
            over += len(await scope.wait_any())
        return done()

    async def story(engine):
        gate["reached"] = asyncio.Event()
        await start(engine)
        await gate["reached"].wait()
        await engine.park("run-1", "interrupted")
        head = await engine.wait("run-1")
        assert (head.status, head.questions, head.wake_at) == ("parked", ("a/ask",), None)
        await answer(engine, "a/ask")
        return await engine.wait("run-1")

    assert within(place, interpret, story).status == "completed"


def status(engine, run_id):
    return next(one.status for one in engine.list() if one.run_id == run_id)


def test_an_answer_at_any_moment_of_falling_asleep_is_heard(place):
    async def story(engine):
        for turns in range(30):
            run_id = f"run-{turns}"
            starting = asyncio.create_task(start(engine, run_id))
            for _ in range(turns):
                await asyncio.sleep(0.0002 if turns % 2 else 0)
            await starting
            await answer(engine, run_id=run_id, message_id=run_id)
            await until(lambda run_id=run_id: status(engine, run_id) == "completed")

    within(place, asking, story)


def test_answering_one_of_many_enters_that_one_alone(place):
    entered = []

    async def interpret(scope, plan, inputs, setting):
        entered.append(scope.run_id)
        return await asking(scope, plan, inputs, setting)

    async def story(engine):
        for number in range(20):
            await start(engine, f"run-{number}")
        for number in range(20):
            await engine.wait(f"run-{number}")
        entered.clear()
        await answer(engine, run_id="run-7")
        await engine.wait("run-7")
        return [one.status for one in engine.list()]

    statuses = within(place, interpret, story)
    assert entered == ["run-7"]
    assert statuses.count("parked") == 19
