"""What running a tool is to the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from flowrun.ids import JsonObject, JsonValue, derive

ToolFailureKind = Literal[
    "bad_arguments",  # not JSON, or not what the schema admits
    "unknown_tool",  # the model named a tool that the assistant does not have
    "exception",
    "timeout",
    "exit_code",
    "cannot_start",
    "outcome_unknown",  # a crash in between; see `ports.durable`
    "cancelled",
    "rejected",  # a person did not approve the call
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSucceeded:
    """A tool's value, as JSON, and the text that a model is told."""

    value: JsonValue
    """Python: what the function returned. Shell and script: `{stdout, stderr, exit_code}`."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFailed:
    """A tool's failure. `message` is fit for a model and a person: one paragraph, no traceback."""

    kind: ToolFailureKind
    message: str
    value: JsonValue = None
    """What there is all the same: `{stdout, stderr, exit_code}` of a failed program."""


ToolOutcome: TypeAlias = ToolSucceeded | ToolFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolInvocation:
    """Who asks, for the tool's own bookkeeping."""

    run_id: str
    key: str
    """Plan path of the call, unique in the run; the same for every try of the same call."""

    @property
    def idempotency_key(self) -> str:
        """The same for every try of the same call; reaches tools as `FLOWRUN_IDEMPOTENCY_KEY`."""
        return derive("idem_", self.run_id, self.key)


class ToolRunner(Protocol):
    """Runs the tools of one plan, which were loaded before the run began."""

    async def run(
        self, tool: str, arguments: JsonObject, invocation: ToolInvocation
    ) -> ToolOutcome:
        """Validate the arguments and run the tool; every failure is an outcome.

        Only cancellation is raised, after the tool's processes are gone.
        """
        ...

    def of(self, flow: str) -> "ToolRunner":
        """Return the tools of a sub-flow, by the path of its file; see `plan.FlowAction`."""
        ...

    async def end_orphans(self, run_id: str) -> int:
        """Kill what an earlier life's programs of this run left, wait until it is gone, count it.

        To be called before a run is entered again: nothing of it may act beside the new entry.
        """
        ...


@dataclass(frozen=True, slots=True)
class ToolProblem:
    """Why a tool cannot be loaded."""

    tool: str
    message: str
    flow: str = ""
    """Path of the file of the flow that declares it, from the project root; empty where there is
    only one flow."""


Environment: TypeAlias = Mapping[str, str]
