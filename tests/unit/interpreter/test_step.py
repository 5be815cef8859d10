"""A step through all its layers: which keys and labels each of them adds."""

import asyncio

import pytest

from flowrun.events.records import StepFinished
from flowrun.plan.plan import PlannedRetry
from tests.support.interpreting import Stage, ToldTools
from tests.support.steps import call, plan_of

LAYERS = {
    "plain": ({}, "", ""),
    "timeout": ({"timeout_s": 9.0}, "", ""),
    "retry": ({"retry": PlannedRetry(attempts=2)}, "try[1]/", "~1"),
    "repeat": ({"repeat": ("true", 2)}, "loop[1]/", "#1"),
    "foreach": ({"foreach": [1]}, "each[0:6b86b273]/", "[0]"),
    "all": (
        {"foreach": [1], "repeat": ("true", 2), "retry": 2, "timeout_s": 9.0},
        "each[0:6b86b273]/loop[1]/try[1]/",
        "[0]#1~1",
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_that_is_declared_adds_a_scope_and_one_that_is_not_adds_nothing(tmp_path, name):
    layers, path, suffix = LAYERS[name]
    keys = []
    tools = ToldTools({"a": lambda: 1})
    stage = Stage(folder=tmp_path, plan=plan_of(call("a", **layers)), tools=tools)

    async def story(engine):
        await stage.start(engine)
        await engine.wait("run-1")
        keys.extend(row[0] for row in engine._database.read("SELECT key FROM journal"))
        return [one.event.step for one in engine.events("run-1")
                if isinstance(one.event, StepFinished)]  # fmt: skip

    labels = asyncio.run(stage.open(story))
    assert f"steps/a/{path}finished" in keys
    assert labels[0] == f"a{suffix}"
    assert labels[-1] == "a"
    assert len(labels) == 1 + path.count("/")


def test_a_plain_step_is_one_row_beside_its_start(tmp_path):
    stage = Stage(folder=tmp_path, plan=plan_of(call("a")), tools=ToldTools({"a": lambda: 1}))

    async def story(engine):
        await stage.start(engine)
        await engine.wait("run-1")
        return [row[0] for row in engine._database.read("SELECT key FROM journal ORDER BY seq")]

    keys = asyncio.run(stage.open(story))
    assert keys == ["run/started", "steps/a/started", "steps/a/finished", "run/finished"]
