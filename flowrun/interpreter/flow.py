"""The flow frontier: start what is ready, take in what is over, until nothing can move.

A step is ready when all it needs have finished; a need that failed counts as finished only under
`on_error: continue`. After a failure nothing new starts, what runs is left to end, and the steps
that never began are recorded as skipped. What had begun before an interruption is not new: it is
entered again, so that no step is called skipped that may have done something.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import cast

from flowrun.events.records import FlowRunFinished, StepFinished, StepStarted
from flowrun.expression.template import ExpressionFailed
from flowrun.ids import JsonObject, JsonValue
from flowrun.interpreter.assistant_step import run_assistant_step
from flowrun.interpreter.state import FlowState, PreparedPlan, open_state
from flowrun.interpreter.tool_step import run_tool_step
from flowrun.plan.plan import AssistantAction, PlannedStep
from flowrun.ports.durable import Durable
from flowrun.ports.runtime import Runtime
from flowrun.ports.tools import ToolRunner


async def interpret_flow(
    scope: Durable,
    prepared: PreparedPlan,
    *,
    runtime: Runtime,
    tools: ToolRunner,
    inputs: JsonObject,
    environment: Mapping[str, str],
) -> FlowRunFinished:
    """Carry out a plan and return its terminal event.

    Every step's result is recorded under `steps/NAME/finished`; a run entered again takes those
    results and goes on from there.
    """
    began = scope.now()
    state = open_state(
        prepared,
        runtime,
        tools,
        run_id=scope.run_id,
        inputs=inputs,
        environment=environment,
    )
    await _walk(scope, state)
    _skip_the_rest(scope, state)
    return _conclude(state, scope.now() - began)


async def _walk(scope: Durable, state: FlowState) -> None:
    missing = {step.name: len(step.needs) for step in state.prepared.plan.steps}
    running = 0

    def settle(step: str) -> list[PlannedStep]:
        """Return the steps for which this one was the last they waited for."""
        ready = []
        for dependent in state.prepared.dependents[step]:
            missing[dependent.name] -= 1
            if missing[dependent.name] == 0:
                ready.append(dependent)
        return ready

    def start(ready: Iterable[PlannedStep]) -> None:
        nonlocal running
        for step in ready:
            if state.failure is None or scope.recorded(f"steps/{step.name}/started") is not None:
                running += 1
                scope.child(f"steps/{step.name}", partial(_run_step, state=state, step=step))

    _recall(scope, state)
    for name in state.results:
        settle(name)
    start([one for one in state.prepared.plan.steps if _may_start(state, missing, one)])
    while running:
        for child in await scope.wait_any():
            running -= 1
            if child.failure is not None:
                raise child.failure
            start(settle(child.key.removeprefix("steps/")))


def _recall(scope: Durable, state: FlowState) -> None:
    """Take in what earlier lives finished, before anything starts: a failure among it counts."""
    for step in state.prepared.plan.steps:
        known = scope.recorded(f"steps/{step.name}/finished")
        if isinstance(known, StepFinished):
            state.finish(step, known)


def _may_start(state: FlowState, missing: Mapping[str, int], step: PlannedStep) -> bool:
    return missing[step.name] == 0 and step.name not in state.results


async def _run_step(scope: Durable, *, state: FlowState, step: PlannedStep) -> None:
    scope.emit("started", StepStarted(step=step.name))
    try:
        if isinstance(step.action, AssistantAction):
            result = await run_assistant_step(scope, state, step, step.action)
            await scope.record("finished", result)
        else:
            result = await run_tool_step(scope, state, step, step.action)
    except ExpressionFailed as failure:
        result = StepFinished(
            step=step.name, status="failed", error=str(failure), error_code="expression"
        )
        await scope.record("finished", result)
    state.finish(step, result)


def _skip_the_rest(scope: Durable, state: FlowState) -> None:
    for step in state.prepared.plan.steps:
        if step.name not in state.results:
            failed = state.failure
            because = f"not run: step `{failed.step}` failed" if failed else "not run"
            result = StepFinished(step=step.name, status="skipped", error=because)
            scope.emit(f"steps/{step.name}/finished", result)
            state.results[step.name] = result


def _conclude(state: FlowState, duration_s: float) -> FlowRunFinished:
    outputs, problem = _outputs(state)
    failed = state.failure
    if failed is not None:
        return FlowRunFinished(
            status="failed",
            outputs=outputs,
            error=f"step `{failed.step}` failed: {failed.error}",
            error_code=failed.error_code,
            hint=failed.hint,
            duration_s=duration_s,
        )
    if problem is not None:
        return FlowRunFinished(
            status="failed",
            outputs=outputs,
            error=problem,
            error_code="expression",
            duration_s=duration_s,
        )
    return FlowRunFinished(status="completed", outputs=outputs, duration_s=duration_s)


def _outputs(state: FlowState) -> tuple[dict[str, JsonValue], str | None]:
    """Return the outputs that can be had, and what is wrong with the first that cannot.

    A failed run still gives those outputs that rest on finished steps alone.
    """
    sound = state.scope | {"steps": _sound_steps(state)}
    outputs: dict[str, JsonValue] = {}
    problem: str | None = None
    for name, template in state.prepared.outputs:
        try:
            outputs[name] = template.evaluate(sound)
        except ExpressionFailed as failure:
            problem = problem or f"output `{name}`: {failure}"
    return outputs, problem


def _sound_steps(state: FlowState) -> dict[str, JsonValue]:
    accepted = {
        step.name
        for step in state.prepared.plan.steps
        if state.results[step.name].status == "completed" or step.on_error == "continue"
    }
    steps = cast("dict[str, JsonValue]", state.scope["steps"])
    return {name: view for name, view in steps.items() if name in accepted}
