"""The first rows of a run."""

import asyncio
from dataclasses import replace

import pytest

from flowrun.engines.assignment import Assignment
from flowrun.engines.reading import find_run
from flowrun.engines.starting import Starter
from flowrun.errors import RunConflict
from flowrun.events.records import StepFinished
from flowrun.plan.plan import ExecutionPlan
from tests.support.engines import SETTING, soon
from tests.support.live_runs import live_run, stored

PLAN = ExecutionPlan(flow="test")
GIVEN = StepFinished(step="a", status="completed", output=1)


def assignment(plan=PLAN, **inputs):
    return Assignment(plan=plan, inputs=inputs, setting=SETTING)


def with_starter(folder, story):
    """Tell a story about a store that holds one run, of number 1."""

    async def go():
        async with live_run(folder) as run:
            await run.database.commit()

            def make(number, run_id):
                run.number, run.run_id = number, run_id
                return run

            return await soon(story(Starter(run.database, make), run))

    return asyncio.run(go())


def test_a_new_run_has_the_next_number_and_its_rows_in_one_commit(tmp_path):
    async def story(starter, run):
        assert starter.queue_run("run-2", assignment(n=1), [GIVEN]) is run
        assert stored(run) == []
        await run.database.commit()
        return run.number, [(key, kind) for _, key, kind, _ in stored(run)], list(run.events)

    assert with_starter(tmp_path, story) == (
        2,
        [("run/started", "event"), ("steps/a/finished", "event")],
        ["steps/a/finished"],
    )


def test_inputs_keep_the_order_of_their_keys(tmp_path):
    async def story(starter, run):
        given = assignment(m={"z": 1, "a": 2})
        starter.queue_run("run-2", given, [])
        await run.database.commit()
        found = find_run(run.database, "run-2")
        starter.refuse_another(found, assignment(m={"a": 2, "z": 1}))
        return found.inputs

    assert with_starter(tmp_path, story) == '{"m":{"z":1,"a":2}}'


@pytest.mark.parametrize(
    ("inputs", "given"), [({"n": float("nan")}, []), ({}, [StepFinished(step="a", status="failed",
                                                                       output=float("inf"))])]
)  # fmt: skip
def test_what_json_cannot_say_queues_nothing(tmp_path, inputs, given):
    async def story(starter, run):
        with pytest.raises(ValueError, match="JSON"):
            starter.queue_run("run-2", assignment(**inputs), given)
        await run.database.commit()
        return run.database.read("SELECT count(*) FROM plan"), find_run(run.database, "run-2")

    assert with_starter(tmp_path, story) == ([(0,)], None)


def test_a_run_of_another_plan_or_other_inputs_is_another_run(tmp_path):
    async def story(starter, run):
        starter.queue_run("run-2", assignment(n=1), [])
        await run.database.commit()
        found = find_run(run.database, "run-2")
        starter.refuse_another(found, assignment(n=1))
        for other in (assignment(n=2), assignment(ExecutionPlan(flow="other"), n=1)):
            with pytest.raises(RunConflict, match="another plan or other inputs"):
                starter.refuse_another(found, other)
        for change in ({"only": "a"}, {"origin": {**SETTING.origin, "from_run": "run-1"}}):
            other = replace(assignment(n=1), setting=replace(SETTING, **change))
            with pytest.raises(RunConflict, match="other steps to run"):
                starter.refuse_another(found, other)

    with_starter(tmp_path, story)
