"""Any plan with control flow, drawn from a seed, and a world in which it can be broken off."""

import asyncio
from dataclasses import replace
from zlib import crc32

from flowrun.events.records import FlowRunFinished, StepFinished, StepStarted
from flowrun.plan.plan import AssistantAction, PlannedForeach
from flowrun.ports.models import TokenUsage
from flowrun.ports.runtime import RunBegan, RunEnded
from flowrun.ports.tools import ToolFailed
from tests.support.interpreting import ToldRuntime, ToldTools
from tests.support.steps import ask, call, compute, plan_of, subflow, talk

DEPTH = 2
LISTS = [[], [1], ["a", "b"], ["a", "a", "c"], [{"k": 1}, [2], None]]
SPENT = {
    "completed": TokenUsage(10, 5, 15),
    "failed": TokenUsage(3, 1, 4),
    "cancelled": TokenUsage(7, 3, 10),
}


def any_plan(random, depth=0, prefix="s"):
    """A plan with steps of every kind, in any layers, with sub-flows in it."""
    steps, last = [], None
    for number in range(random.randint(1, 4 - depth)):
        name = f"{prefix}{number}"
        needs = [f"{prefix}{before}" for before in range(number) if random.random() < 0.4]
        step = _any_step(random, depth, name, needs)
        if getattr(step.action, "thread", None):
            step = replace(step, after=(last,) if last else ())
            last = name
        steps.append(step)
    shown = random.choice(["status", "output"])
    return plan_of(
        *steps,
        flow=f"{prefix}flow",
        limits=_any_limits(random, depth),
        outputs=tuple((one.name, f"{{{{ steps.{one.name}.{shown} }}}}") for one in steps[:2]),
    )


def _any_limits(random, depth):
    limits = {}
    if random.random() < 0.4:
        limits["max_parallel"] = random.choice([1, 2])
    if random.random() < 0.3:
        limits["timeout_s"] = 6_000.0
    if depth and random.random() < 0.15:
        limits["max_tokens"] = random.choice([10, 30])
    return limits


def _any_layers(random, name, needs):
    layers = {
        "on_error": random.choice(["continue", "continue", "continue", "fail"]),
        "join": random.choice(["all", "any"]),
    }
    if random.random() < 0.35:
        layers["foreach"] = PlannedForeach(
            items=random.choice(LISTS), max_parallel=random.choice([1, 2, 10])
        )
    if random.random() < 0.3:
        until = random.choice(["true", "false", f"steps.{name}.output", "inputs.nope"])
        layers["repeat"] = (until, random.choice([1, 2, 3]))
    if random.random() < 0.3:
        layers["retry"] = random.choice([1, 2])
    if random.random() < 0.4:
        layers["timeout_s"] = 600.0
    if random.random() < 0.2:
        need = f"steps.{needs[0]}.status == 'completed'" if needs else "true"
        layers["condition"] = random.choice(["true", "false", "inputs.nope", need])
    return layers


def _any_step(random, depth, name, needs):
    layers = _any_layers(random, name, needs)
    item = "{{ item }}" if "foreach" in layers else "x"
    kind = random.choice(["tool", "tool", "set", "talk", "talk", "ask", "flow", "flow"])
    if kind == "flow" and depth < DEPTH:
        inner = any_plan(random, depth + 1, f"{name}_")
        given = random.choice([{}, {}, {"unknown": 1}])
        return subflow(name, inner, *needs, given=given, **layers)
    if kind == "set":
        values = {"v": item, "w": random.choice(["1", "{{ inputs.nope }}"])}
        return compute(name, *needs, values=values, **layers)
    if kind == "talk":
        message = f"{name} {item} {random.choice(['', '', 'FAIL'])}"
        thread = random.choice([None, None, "shared"])
        action = talk(name, message=message).action
        assert isinstance(action, AssistantAction)
        return replace(
            talk(name, *needs, message=message, **layers), action=replace(action, thread=thread)
        )
    if kind == "ask":
        return ask(name, *needs, **layers)
    tool = random.choice(["works", "works", "fails"])
    return call(name, *needs, tool=tool, given={"item": item}, **layers)


class AnyRuntime(ToldRuntime):
    """A runtime whose runs end as their message says, after some turns; some never end."""

    def __init__(self, *, hangs):
        super().__init__({})
        self._hangs = hangs

    async def start_run(self, request):
        async for event in super().start_run(request):
            yield event
            if isinstance(event, RunBegan):
                await _linger(request.label, hangs=self._hangs)

    def _go_on(self, run_id, assistant):
        request = next(one for one in self.requests if self.runs[one.label] == run_id)
        message = request.message or ""
        self._end(run_id, "failed" if "FAIL" in message else "completed", f"re {message}")
        yield self.ends[run_id]

    def _end(self, run_id, status, said=""):
        messages = (said,) if status == "completed" else ()
        ended = RunEnded(run_id=run_id, status=status, messages=messages, usage=SPENT[status])
        self.ends.setdefault(run_id, ended)

    async def cancel(self, thread_id, run_id):
        self._end(run_id, "cancelled")
        return await super().cancel(thread_id, run_id)


def any_tools(*, hangs):
    """Tools for `any_plan`."""

    async def works(item):
        await _linger(str(item), hangs=hangs)
        return {"item": item}

    def fails(item):
        return ToolFailed(kind="exception", message="it broke")

    return ToldTools({"works": works, "fails": fails})


async def _linger(what, *, hangs):
    number = crc32(what.encode())
    for _ in range(number % 7):
        await asyncio.sleep(0)
    if hangs and number % 5 == 0:
        await asyncio.Event().wait()


def check_over(done, plan, runtime):
    """What is so of every run that is over, however it came to that."""
    started = [one.step for one in done.of(StepStarted)]
    finished = [one.step for one in done.of(StepFinished)]
    assert isinstance(done.last, FlowRunFinished)
    assert len(done.of(FlowRunFinished)) == 1
    assert sorted(set(started)) == sorted(started)
    assert sorted(set(finished)) == sorted(finished)
    assert set(started) <= set(finished), "something began and has no end"
    assert {one.name for one in plan.steps} <= set(finished)
    assert set(runtime.runs.values()) <= runtime.ends.keys(), "a run is open"
    used = sum(runtime.ends[one].usage.total_tokens for one in runtime.runs.values())
    assert (done.last.usage or {"total_tokens": 0})["total_tokens"] == used
