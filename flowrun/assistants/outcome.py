"""Read what a finished model turn means for its run."""

from dataclasses import dataclass
from typing import TypeAlias

from flowrun.assistants.records import (
    ContentPart,
    ErrorCode,
    LastError,
    MessageCut,
    RefusalPart,
    RunCut,
    TextPart,
)
from flowrun.errors import EndpointDenied, EndpointError, EndpointLimited, EndpointRefused
from flowrun.ports.models import ModelTurn, ToolCall

_QUOTA_CODES = frozenset(("insufficient_quota", "credit_balance_exhausted", "rate_limit_exceeded"))


@dataclass(frozen=True, slots=True)
class Answered:
    """The model's last message; the run is completed."""

    parts: tuple[ContentPart, ...]


@dataclass(frozen=True, slots=True)
class CutShort:
    """A message that stops before its end; the run is incomplete."""

    parts: tuple[ContentPart, ...]
    run_cut: RunCut
    message_cut: MessageCut


@dataclass(frozen=True, slots=True)
class AskedForCalls:
    """Calls to be answered, and what was said before them."""

    text: str
    calls: tuple[ToolCall, ...]


Outcome: TypeAlias = Answered | CutShort | AskedForCalls


def judge_turn(turn: ModelTurn, *, one_call: bool) -> Outcome:
    """Return what the turn means.

    Args:
        turn: What the model endpoint delivered.
        one_call: Parallel calls were ruled out. A server that sends several all the same is held
            to it: the first one stands, and the model asks for the next in its next turn.
    """
    if turn.calls:
        return AskedForCalls(turn.text, turn.calls[:1] if one_call else turn.calls)
    parts = _parts(turn)
    if turn.finish == "length":
        return CutShort(parts, "max_completion_tokens", "max_tokens")
    if turn.finish == "content_filter":
        return CutShort(parts, "content_filter", "content_filter")
    return Answered(parts)


def endpoint_failure(failure: EndpointError) -> LastError:
    """Return a failed endpoint as a run's last error."""
    return LastError(
        _error_code(failure), str(failure), failure.hint, isinstance(failure, EndpointDenied)
    )


def _parts(turn: ModelTurn) -> tuple[ContentPart, ...]:
    if not turn.refusal:
        return (TextPart(turn.text),)
    refusal = RefusalPart(turn.refusal)
    return (TextPart(turn.text), refusal) if turn.text else (refusal,)


def _error_code(failure: EndpointError) -> ErrorCode:
    if isinstance(failure, EndpointLimited) or failure.code in _QUOTA_CODES:
        return "rate_limit_exceeded"
    return "invalid_prompt" if isinstance(failure, EndpointRefused) else "server_error"
