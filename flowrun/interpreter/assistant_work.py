"""One assistant step at work: who takes part, and what has come of it so far."""

from dataclasses import dataclass, field

from flowrun.errors import FlowrunError
from flowrun.events.records import StepFinished, ToolCallFinished, ToolCallRequest
from flowrun.ids import JsonObject, JsonValue
from flowrun.interpreter.state import FlowState
from flowrun.plan.plan import PlannedAssistant, PlannedStep
from flowrun.ports.durable import Durable
from flowrun.ports.models import TokenUsage


class StepFailed(FlowrunError):
    """The step cannot go on; becomes its result and goes no further."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """One call of one round, and how it ended as far as is known."""

    run_id: str
    call: ToolCallRequest
    ended: ToolCallFinished | None


@dataclass(slots=True, kw_only=True)
class AssistantWork:
    """What the functions of an assistant step hand each other."""

    scope: Durable
    state: FlowState
    step: PlannedStep
    assistant: PlannedAssistant
    """With the step's own options applied."""
    began: float
    thread_id: str = ""
    run_id: str | None = None
    round: int = 0
    usage: TokenUsage = field(default_factory=TokenUsage)
    messages: tuple[str, ...] = ()
    calls: list[AnsweredCall] = field(default_factory=list)
    earlier: dict[tuple[str, str], list[ToolCallFinished]] = field(default_factory=dict)
    """How calls of runs that expired ended, by tool and canonical arguments: the same calls of the
    next run are given these first."""

    def finish(
        self, *, output: JsonValue = None, failure: StepFailed | None = None
    ) -> StepFinished:
        """Return the step's result record."""
        usage = self.usage
        return StepFinished(
            step=self.step.name,
            status="completed" if failure is None else "failed",
            output=output,
            error=None if failure is None else str(failure),
            error_code=None if failure is None else failure.code,
            hint=None if failure is None else failure.hint,
            messages=self.messages,
            tool_calls=tuple(_call_record(one) for one in self.calls),
            usage={
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "total_tokens": usage.total_tokens,
            },
            thread_id=self.thread_id or None,
            run_id=self.run_id,
            duration_s=self.scope.now() - self.began,
        )


def _call_record(answered: AnsweredCall) -> JsonObject:
    call, ended = answered.call, answered.ended
    return {
        "id": call.id,
        "name": call.tool,
        "arguments": call.arguments,
        "output": None if ended is None else ended.output,
        "error": None if ended is None else ended.error,
    }
