"""A step once for every item of a list, some of them side by side.

The list is found once and is a fact. An item's key is its index and the digest of what it is, so
that items may end in any order, in any life; what they came to is gathered by index.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from flowrun.events.records import StepFinished, StepStarted
from flowrun.expression.lookup import kind_of
from flowrun.expression.template import ExpressionFailed
from flowrun.ids import JsonObject, JsonValue, canonical_json, digest
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.repeat import run_iterations
from flowrun.interpreter.slots import Children
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.taking_over import completed_before, inside, leave
from flowrun.interpreter.totals import Totals
from flowrun.plan.plan import AssistantAction, PlannedForeach
from flowrun.ports.durable import Durable

_DIGEST = 8
"""Hexadecimal digits of an item's digest that its key has."""


async def run_items(attempt: Attempt, state: FlowState, foreach: PlannedForeach) -> StepFinished:
    """Carry out the step for each item and return its result, recorded under `finished`.

    Raises:
        ExpressionFailed: there is no list.
    """
    scope, began = attempt.scope, attempt.scope.since("started")
    items = await _find_items(attempt, state, foreach)
    scope.emit("started", StepStarted(step=attempt.label, items=len(items)))
    harvest = Harvest(len(items))
    await _ItemWalk(attempt, state, items, harvest).go(_side_by_side(attempt, foreach))
    finished = replace(harvest.result(attempt.label), duration_s=scope.now() - began)
    await scope.record("finished", finished)
    return finished


def item_key(index: int, item: JsonValue) -> str:
    """Return the key of an item in the scope of its step."""
    return f"each[{index}:{digest(canonical_json(item))[:_DIGEST]}]"


class Harvest:
    """What the items came to, gathered by index."""

    def __init__(self, size: int) -> None:
        self._outputs: list[JsonValue] = [None] * size
        self._failures: dict[int, StepFinished] = {}
        self._totals = Totals()
        self.stopped_by = ""
        """The limit that kept items from being begun, in a sentence."""

    @property
    def has_failures(self) -> bool:
        """Whether an item failed."""
        return bool(self._failures)

    def take_in(self, index: int, result: StepFinished) -> None:
        """Take in what an item came to; of what completed only the output is kept."""
        self._totals.add(result)
        if result.status == "completed":
            self._outputs[index] = result.output
            return
        self._failures[index] = replace(result, output=None, messages=(), tool_calls=())
        if result.error_code == "budget":
            self.stopped_by = result.error or ""

    def result(self, label: str) -> StepFinished:
        """Return the step's result, without its duration."""
        failures = sorted(self._failures.items())
        error = self._error(failures)
        code = "budget" if self.stopped_by else "items"
        return StepFinished(
            step=label,
            status="completed" if error is None else "failed",
            output=self._outputs,
            error=error,
            error_code=None if error is None else code,
            hint=failures[0][1].hint if failures else None,
            errors=tuple(_error_record(index, one) for index, one in failures),
            usage=self._totals.usage,
            cost_usd=self._totals.cost_usd,
        )

    def _error(self, failures: Sequence[tuple[int, StepFinished]]) -> str | None:
        if self.stopped_by:
            return self.stopped_by
        if not failures:
            return None
        index, first = failures[0]
        told = f"{len(failures)} of {len(self._outputs)} items failed"
        return f"{told}, the first: item {index}: {first.error}"


class _ItemWalk:
    """Starts items in order, so many at a time, until all are over or one keeps the rest back."""

    def __init__(
        self, attempt: Attempt, state: FlowState, items: Sequence[JsonValue], harvest: Harvest
    ) -> None:
        self._attempt = attempt
        self._state = state
        self._items = items
        self._harvest = harvest
        self._children = Children(attempt.scope, state.slots)

    async def go(self, side_by_side: int) -> None:
        """See all items to their end; those of an earlier life that are over stay so."""
        children, waiting = self._children, self._recall()
        while True:
            if waiting and self._is_stopped():
                waiting = deque(one for one in waiting if self._has_begun(one[1]))
            while waiting and children.at_work < side_by_side:
                index, key = waiting.popleft()
                work = partial(self._run, index=index, key=key)
                children.start(key, work, self._state.order_of(self._attempt.step, index))
            if not children.at_work:
                return
            await children.over()

    def _recall(self) -> deque[tuple[int, str]]:
        """Take in what earlier lives finished; return index and key of every other item."""
        scope, waiting = self._attempt.scope, deque[tuple[int, str]]()
        for index, item in enumerate(self._items):
            key = item_key(index, item)
            known = scope.recorded(f"{key}/finished")
            if isinstance(known, StepFinished):
                self._harvest.take_in(index, self._state.recall(known))
            elif (left := self._left_by_a_try(key)) is not None:
                self._harvest.take_in(index, left)
            else:
                waiting.append((index, key))
        return waiting

    async def _run(self, scope: Durable, *, index: int, key: str) -> None:
        if self._is_stopped() and not self._has_begun(key):
            return  # it had to wait for its turn, and meanwhile nothing new is to begin
        outer, path = self._attempt, scope.path("")
        attempt = replace(
            outer,
            scope=scope,
            label=f"{outer.label}[{index}]",
            names={**outer.names, "item": self._items[index], "index": index},
            home=path[:-1],
            earlier=inside(outer.earlier, key),
        )
        self._state.begun[path] = attempt.label
        scope.emit("started", StepStarted(step=attempt.label))
        result = await run_iterations(attempt, self._state)
        self._harvest.take_in(index, result)
        leave(self._state, scope, result)
        self._state.forget(path)

    def _left_by_a_try(self, key: str) -> StepFinished | None:
        """Return what an item completed with in an earlier try; what it used counts there."""
        known = completed_before(self._state, inside(self._attempt.earlier, key))
        return None if known is None else replace(known, usage=None, cost_usd=None)

    def _is_stopped(self) -> bool:
        """Tell whether no item is to begin any more; those under way end."""
        harvest = self._harvest
        if not harvest.stopped_by and (limit := self._state.limit_reached()) is not None:
            harvest.stopped_by = limit
        keeps_on = self._attempt.step.on_error == "continue"
        return bool(harvest.stopped_by) or (harvest.has_failures and not keeps_on)

    def _has_begun(self, key: str) -> bool:
        return self._attempt.scope.recorded(f"{key}/started") is not None


async def _find_items(
    attempt: Attempt, state: FlowState, foreach: PlannedForeach
) -> Sequence[JsonValue]:
    """Return the list as it was found first."""

    def find() -> JsonValue:
        found = state.prepared.values.items[attempt.step.name].evaluate(attempt.names)
        if isinstance(found, str) or not isinstance(found, Sequence):
            written = foreach.items if isinstance(foreach.items, str) else "foreach"
            raise ExpressionFailed(written, f"expected a list, found {kind_of(found)}")
        return found

    return cast("Sequence[JsonValue]", await attempt.scope.fact("items", find))


def _side_by_side(attempt: Attempt, foreach: PlannedForeach) -> int:
    """Return how many items may be at work at a time; a named thread takes one after the other."""
    action = attempt.step.action
    shares_thread = isinstance(action, AssistantAction) and action.thread is not None
    return 1 if shares_thread else foreach.max_parallel


def _error_record(index: int, failed: StepFinished) -> JsonObject:
    return {"index": index, "error": failed.error, "code": failed.error_code}
