"""What one execution of a plan knows: templates compiled once, results as they come."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from flowrun.events.records import FlowRunFinished, QuestionAnswered, StepFinished
from flowrun.ids import JsonObject, JsonValue, compact_json
from flowrun.interpreter.budget import Spending, read_usage
from flowrun.interpreter.prepared import PreparedPlan, prepare_plan
from flowrun.interpreter.readiness import was_not_run
from flowrun.interpreter.slots import Order, Slots
from flowrun.interpreter.trace import Trace
from flowrun.plan.plan import AskAction, Effect, FlowAction, PlannedStep
from flowrun.ports.durable import Durable
from flowrun.ports.runtime import Runtime
from flowrun.ports.tools import ToolRunner

__all__ = ["FlowState", "PreparedPlan", "as_text", "open_state", "prepare_plan", "step_view"]

CarryOut: TypeAlias = Callable[[Durable, "FlowState"], Awaitable[FlowRunFinished]]
"""How the flow of a state is carried out in a scope; see `interpreter.flow`."""


@dataclass(slots=True)
class FlowState:
    """One execution of a flow, of the run's own or of a sub-flow."""

    prepared: PreparedPlan
    runtime: Runtime
    tools: ToolRunner
    scope: dict[str, JsonValue]
    """`inputs`, `env`, `run` and `steps`: the names of every expression."""
    spending: Spending
    slots: Slots | None
    """None while nothing limits how many steps and items are at work."""
    carry_out: CarryOut | None = None
    """For sub-flows; set by whoever carries out this one."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Of the whole run; a flow's expressions see those names that it lists."""
    only: str = ""
    """The one step that is to be run; empty for all."""
    prefix: str = ""
    """Of the labels of its steps: `outer/` in a sub-flow."""
    thread_base: str = ""
    """Plan path that names the flow's threads; empty for the run's own."""
    order: Order = ()
    """Of the step that it is a sub-flow of."""
    open_runs: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Assistant runs that are open at the runtime, in the whole run: thread and run id, by the
    plan path of their attempt."""
    traces: dict[str, Trace] = field(default_factory=dict)
    """What attempts at assistant steps and sub-flows came to in this life, in the whole run, by
    `attempt.scope.path("")`: what one that is broken off has used and called is told by
    `Trace.failed`."""
    is_retried: bool = False
    """Whether another try of the sub-flow, or of one around it, may follow."""
    earlier: tuple[Durable, ...] = ()
    """Scopes of the sub-flow in the tries before this one, the latest last."""
    left: dict[str, StepFinished] = field(default_factory=dict)
    """What steps, items and iterations of sub-flows of which another try may follow came to in this
    life, in the whole run, by plan path."""
    begun: dict[str, str] = field(default_factory=dict)
    """Steps, items and iterations that began in this life and have no end, in the whole run: their
    labels, by plan path."""
    answers: dict[str, QuestionAnswered] = field(default_factory=dict)
    """What people said of calls in this life, in the whole run, by the question's plan path."""
    begun_calls: dict[str, Effect] = field(default_factory=dict)
    """Calls of rounds that were begun in this life and have no end, in the whole run, by plan
    path: they are under way, or were broken off."""
    settled_calls: set[str] = field(default_factory=set)
    """Plan paths of calls of which an earlier life did not know how they ended, and this does."""
    results: dict[str, StepFinished] = field(default_factory=dict)
    assistant_ids: dict[str, str] = field(default_factory=dict)
    thread_ids: dict[str, str] = field(default_factory=dict)
    failure: StepFinished | None = None
    """The failure that ends the run: of those there are, the first in the plan's order, so that it
    does not depend on which came first in this life."""
    failed_step: PlannedStep | None = None
    """Whose failure it is."""
    stopped_by: str = ""
    """What ended the run before its steps did, as a clause; nothing of it is at work any more."""

    def finish(self, step: PlannedStep, result: StepFinished) -> None:
        """Take in a step's result and let expressions see it."""
        self.results[step.name] = result
        if result.status == "skipped" and was_not_run(result):
            return
        steps = self.scope["steps"]
        assert isinstance(steps, dict)
        steps[step.name] = step_view(result)
        if result.status != "failed" or not self._ends_the_run(step, result):
            return
        if self.failed_step is None or step.number < self.failed_step.number:
            self.failure, self.failed_step = result, step

    def recall(self, result: StepFinished) -> StepFinished:
        """Count what a result of an earlier life used, and return it."""
        self.spending.add_known(read_usage(result.usage), result.cost_usd)
        return result

    def forget(self, path: str) -> None:
        """Let go of what is kept of attempts under a plan path, once its result is recorded."""
        self.begun.pop(path, None)
        if self.is_retried:
            return
        if self.traces:
            for key in [one for one in self.traces if one.startswith(path)]:
                del self.traces[key]
        if self.left:
            for key in [one for one in self.left if one.startswith(path)]:
                del self.left[key]

    def limit_reached(self) -> str | None:
        """Return which limit is reached; then nothing new begins, not even inside a step."""
        failure = self.failure
        if failure is not None and failure.error_code == "budget":
            return failure.error
        return self.spending.reached()

    def order_of(self, step: PlannedStep, item: int | None = None) -> Order | None:
        """Return the place in line of a step or an item; None when it is not counted as work.

        People who are waited for are no work, and the steps and items inside are counted instead
        of what they are in.
        """
        if isinstance(step.action, AskAction | FlowAction):
            return None
        if item is None:
            return None if step.foreach is not None else (*self.order, step.number)
        return (*self.order, step.number, item)

    def _ends_the_run(self, step: PlannedStep, result: StepFinished) -> bool:
        if self.only:
            return step.name == self.only
        return step.on_error == "fail" or result.error_code == "budget"


def open_state(
    prepared: PreparedPlan,
    runtime: Runtime,
    tools: ToolRunner,
    *,
    run_id: str,
    inputs: JsonObject,
    environment: Mapping[str, str],
) -> FlowState:
    """Return the state of an execution in which nothing has happened yet."""
    limits = prepared.plan.limits
    return FlowState(
        prepared,
        runtime,
        tools,
        scope=opening_names(run_id, inputs, environment),
        spending=Spending(limits),
        slots=None if limits.max_parallel is None else Slots(limits.max_parallel),
        environment=environment,
    )


def opening_names(
    run_id: str, inputs: JsonObject, environment: Mapping[str, str]
) -> dict[str, JsonValue]:
    """Return what expressions see before a step is over."""
    return {"inputs": inputs, "env": dict(environment), "run": {"id": run_id}, "steps": {}}


def step_view(result: StepFinished) -> JsonObject:
    """Return what `steps.NAME` shows."""
    return {
        "output": result.output,
        "status": result.status,
        "error": result.error,
        "errors": result.errors,
        "messages": result.messages,
        "tool_calls": result.tool_calls,
        "citations": (),
        "files": (),
        "usage": result.usage,
        "thread_id": result.thread_id,
        "run_id": result.run_id,
    }


def as_text(value: JsonValue) -> str:
    """Return a value as it would stand inside a text: a text as it is, the rest as JSON.

    A message that is exactly one expression has its value's type and is a text all the same.
    """
    return value if isinstance(value, str) else compact_json(value)
