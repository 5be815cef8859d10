"""What a run tells those who follow it, in the order of the API's event stream.

Text arrives as the port's own `RunTextDelta`. A stop (`requires_action` or a terminal status) is
told last and only once it is durable; what streams before it is a view.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from flowrun.assistants.records import AssistantRun, Message, RunStep, StepStatus
from flowrun.ports.runtime import TERMINAL, RunStatus, RunTextDelta


@dataclass(frozen=True, slots=True)
class RunChanged:
    """The run has a new status."""

    change: RunStatus
    run: AssistantRun

    @property
    def stops(self) -> bool:
        """Whether this is what following ends with."""
        return self.change == "requires_action" or self.change in TERMINAL


@dataclass(frozen=True, slots=True)
class StepChanged:
    """A step began or ended."""

    change: StepStatus | Literal["created"]
    step: RunStep


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """A message began or ended."""

    change: Literal["created", "in_progress", "completed", "incomplete"]
    message: Message


@dataclass(frozen=True, slots=True)
class CallDelta:
    """A piece of a tool call: id and name come once, with the first piece of their index."""

    step_id: str
    index: int
    id: str | None
    name: str | None
    arguments: str


Progress: TypeAlias = RunChanged | StepChanged | MessageChanged | RunTextDelta | CallDelta
