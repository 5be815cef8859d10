"""The frontier of a flow: start what is ready, take in what is over, until nothing can move.

A step is considered once all that it waits for is over; `interpreter.readiness` says what becomes
of it. After a failure nothing new starts, and what runs is left to end. What had begun before an
interruption is not new: it is entered again, so that no step is called skipped that may have done
something.
"""

from collections.abc import Iterable
from functools import partial

from flowrun.events.records import StepFinished, StepStarted
from flowrun.interpreter.action import unevaluated
from flowrun.interpreter.readiness import NOT_RUN, Decision, decide, need_state
from flowrun.interpreter.slots import Children
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.step import run_step
from flowrun.interpreter.taking_over import over_before
from flowrun.plan.plan import PlannedStep
from flowrun.ports.durable import Durable


def recall_steps(scope: Durable, state: FlowState) -> None:
    """Take in what earlier lives finished, before anything starts: a failure among it counts.

    So is what earlier tries of a sub-flow leave to this one. Items, iterations and tries of what is
    finished are not looked at.
    """
    steps = state.prepared.plan.steps
    for step in steps:
        known = scope.recorded(f"steps/{step.name}/finished")
        if isinstance(known, StepFinished):
            state.finish(step, state.recall(known))
        elif state.earlier and (left := over_before(state, step)) is not None:
            state.finish(step, left)
    if state.only:
        for step in steps:
            if step.name != state.only and step.name not in state.results:
                skip(scope, state, step, f"{NOT_RUN}: only `{state.only}` was asked for")


async def walk(scope: Durable, state: FlowState) -> None:
    """Carry out those steps of a flow that are not over, until nothing can move any more."""
    await _Frontier(scope, state).walk()


def skip(scope: Durable, state: FlowState, step: PlannedStep, because: str) -> None:
    """Record that a step is skipped, or was not run, and why."""
    result = StepFinished(step=state.prefix + step.name, status="skipped", error=because)
    scope.emit(f"steps/{step.name}/finished", result)
    state.finish(step, result)


class _Frontier:
    """Steps that wait, steps at work, steps that are over."""

    def __init__(self, scope: Durable, state: FlowState) -> None:
        self._scope = scope
        self._state = state
        self._missing = dict(state.prepared.waits)
        self._children = Children(scope, state.slots)

    async def walk(self) -> None:
        """See to every step that can be reached."""
        self._consider(self._ready_at_first())
        while self._children.at_work:
            for child in await self._children.over():
                name = child.key.removeprefix("steps/")
                if name in self._state.results:
                    self._consider(self._settle(name))

    def _ready_at_first(self) -> list[PlannedStep]:
        """Return the steps all of whose predecessors are over, in plan order."""
        results, steps = self._state.results, self._state.prepared.plan.steps
        for name in results:
            self._settle(name)
        return [one for one in steps if not (self._missing[one.name] or one.name in results)]

    def _settle(self, name: str) -> list[PlannedStep]:
        """Return the steps for which this one was the last they waited for."""
        ready = []
        for dependent in self._state.prepared.dependents[name]:
            self._missing[dependent.name] -= 1
            if self._missing[dependent.name] == 0 and dependent.name not in self._state.results:
                ready.append(dependent)
        return ready

    def _consider(self, ready: Iterable[PlannedStep]) -> None:
        """Start steps, or settle those that do not run, and consider what waited for these."""
        state, queue = self._state, list(ready)
        for step in queue:  # it grows meanwhile
            if state.failure is not None and not self._has_begun(step):
                continue
            decision = self._decide(step)
            if decision.verdict == "run":
                work = partial(run_step, state=state, step=step)
                order = None if state.slots is None else state.order_of(step)
                self._children.start(f"steps/{step.name}", work, order)
            elif decision.verdict == "failed":
                self._fail(step, decision.reason)
                queue.extend(self._settle(step.name))
            elif decision.verdict == "skipped":
                skip(self._scope, state, step, decision.reason)
                queue.extend(self._settle(step.name))

    def _decide(self, step: PlannedStep) -> Decision:
        state, results = self._state, self._state.results
        steps = state.prepared.steps
        needs = {one: need_state(results[one], steps[one].on_error) for one in step.needs}
        if not step.condition:
            return decide(step.join, needs)
        condition = state.prepared.values.conditions[step.name]
        return decide(step.join, needs, lambda: bool(condition.evaluate(state.scope)))

    def _fail(self, step: PlannedStep, because: str) -> None:
        """Fail a step whose `if` has no value."""
        label = self._state.prefix + step.name
        result = unevaluated(label, because)
        self._scope.emit(f"steps/{step.name}/started", StepStarted(step=label))
        self._scope.emit(f"steps/{step.name}/finished", result)
        self._state.finish(step, result)

    def _has_begun(self, step: PlannedStep) -> bool:
        return self._scope.recorded(f"steps/{step.name}/started") is not None
