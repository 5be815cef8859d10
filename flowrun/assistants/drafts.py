"""What a model turn is writing, before it is whole: a view that becomes records or is dropped."""

from dataclasses import replace

from flowrun.assistants.progress import MessageChanged, Progress, StepChanged
from flowrun.assistants.records import (
    AssistantRun,
    ContentPart,
    LastError,
    Message,
    MessageCut,
    RunStep,
    StepStatus,
)
from flowrun.ids import mint
from flowrun.ports.models import TokenUsage, ToolCall

_UNPLACED = 0
"""The place of what is not recorded yet."""


class MessageDraft:
    """A message while it streams, and the step that writes it."""

    __slots__ = ("_message", "_step", "id", "pieces", "step_id")

    def __init__(self, run: AssistantRun, now: int) -> None:
        self.id = mint("msg_")
        self.step_id = mint("step_")
        self.pieces: list[str] = []
        self._step = RunStep(
            id=self.step_id,
            run_id=run.id,
            thread_id=run.thread_id,
            assistant_id=run.assistant_id,
            place=_UNPLACED,
            created_at=now,
            status="in_progress",
            message_id=self.id,
        )
        self._message = Message(
            id=self.id,
            thread_id=run.thread_id,
            place=_UNPLACED,
            created_at=now,
            role="assistant",
            content=(),
            status="in_progress",
            assistant_id=run.assistant_id,
            run_id=run.id,
        )

    def opening(self) -> tuple[Progress, ...]:
        """Return what is told when it begins."""
        return (
            StepChanged("created", self._step),
            StepChanged("in_progress", self._step),
            MessageChanged("created", self._message),
            MessageChanged("in_progress", self._message),
        )

    def message(
        self, place: int, parts: tuple[ContentPart, ...], cut: MessageCut | None, now: int
    ) -> Message:
        """Return the message as it is kept."""
        return replace(
            self._message,
            place=place,
            content=parts,
            status="completed" if cut is None else "incomplete",
            ended_at=now,
            cut=cut,
        )

    def step(
        self,
        place: int,
        status: StepStatus,
        now: int,
        *,
        tokens: TokenUsage | None,
        error: LastError | None,
    ) -> RunStep:
        """Return the step as it is kept."""
        return replace(
            self._step, place=place, status=status, tokens=tokens, ended_at=now, last_error=error
        )


class CallsDraft:
    """A round of tool calls while it streams."""

    __slots__ = ("_created_at", "_run", "held", "renamed", "step_id")

    def __init__(self, run: AssistantRun, now: int) -> None:
        self._run = run
        self._created_at = now
        self.step_id = mint("step_")
        self.renamed: dict[str, str] = {}
        """Ids that the thread has seen before, and what they are called instead."""
        self.held: list[Progress] | None = None
        """What is told only once the message before the calls is whole; None: told at once."""

    def opening(self) -> tuple[Progress, ...]:
        """Return what is told when it begins."""
        step = self.step(_UNPLACED, (), None)
        return StepChanged("created", step), StepChanged("in_progress", step)

    def step(self, place: int, calls: tuple[ToolCall, ...], tokens: TokenUsage | None) -> RunStep:
        """Return the step as it is kept while it waits for outputs."""
        run = self._run
        return RunStep(
            id=self.step_id,
            run_id=run.id,
            thread_id=run.thread_id,
            assistant_id=run.assistant_id,
            place=place,
            created_at=self._created_at,
            status="in_progress",
            calls=calls,
            tokens=tokens,
        )
