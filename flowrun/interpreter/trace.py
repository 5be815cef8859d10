"""What an attempt at an assistant step came to so far.

It is kept for as long as the flow run is executed, for two who come after: the try that follows it,
which is given what its calls came to, and whoever breaks it off and must say what it used.
"""

from dataclasses import dataclass, field

from flowrun.events.records import StepFinished, ToolCallFinished, ToolCallRequest
from flowrun.ids import JsonObject, JsonValue
from flowrun.interpreter.budget import Spending, usage_between, usage_record
from flowrun.plan.plan import PlannedPrices
from flowrun.ports.models import TokenUsage


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """One call of one round, and how it ended as far as is known."""

    run_id: str
    call: ToolCallRequest
    ended: ToolCallFinished | None


@dataclass(slots=True, kw_only=True)
class Trace:
    """One attempt, still at work or over."""

    label: str
    """As events name the attempt."""
    began: float
    spent: Spending
    """What its runs used; counted in the flow's account too."""
    prices: PlannedPrices | None = None
    """Of the model that its runs use."""
    counted: dict[str, TokenUsage] = field(default_factory=dict)
    """What of that was counted, by run."""
    thread_id: str = ""
    run_id: str | None = None
    """Of its latest run; None until one began, and then its message is on the thread."""
    messages: tuple[str, ...] = ()
    misfit: str | None = None
    """What is wrong with its answer so far."""
    calls: dict[str, AnsweredCall] = field(default_factory=dict)
    """In order, by the key that their end is recorded under; known as they end."""

    def count(self, run_id: str, usage: TokenUsage) -> None:
        """Add what a run has used since it was last asked, whoever asked."""
        known = self.counted.get(run_id, _NOTHING)
        self.counted[run_id] = usage
        self.spent.add(usage_between(known, usage), self.prices)

    def completed(self, output: JsonValue, *, now: float) -> StepFinished:
        """Return the result of an attempt that did what it had to."""
        return self._result(now, output=output)

    def failed(
        self,
        code: str,
        error: str,
        *,
        now: float,
        hint: str | None = None,
        output: JsonValue = None,
    ) -> StepFinished:
        """Return the result of an attempt that failed, or that was broken off."""
        return self._result(now, code=code, error=error, hint=hint, output=output)

    def _result(
        self,
        now: float,
        *,
        output: JsonValue,
        code: str | None = None,
        error: str | None = None,
        hint: str | None = None,
    ) -> StepFinished:
        return StepFinished(
            step=self.label,
            status="completed" if code is None else "failed",
            output=output,
            error=error,
            error_code=code,
            hint=hint,
            messages=self.messages,
            tool_calls=tuple(_call_record(one) for one in self.calls.values()),
            usage=usage_record(self.spent.usage),
            cost_usd=self.spent.cost_usd,
            thread_id=self.thread_id or None,
            run_id=self.run_id,
            duration_s=now - self.began,
        )


_NOTHING = TokenUsage()


def _call_record(answered: AnsweredCall) -> JsonObject:
    call, ended = answered.call, answered.ended
    return {
        "id": call.id,
        "name": call.tool,
        "arguments": call.arguments,
        "output": None if ended is None else ended.output,
        "error": None if ended is None else ended.error,
    }
