"""What the command line, the server and dev mode use of an engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from flowrun.events.stamped import RunSink, StampedEvent
from flowrun.ids import JsonObject
from flowrun.plan.plan import ExecutionPlan

FlowRunStatus = Literal["running", "parked", "completed", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunHead:
    """The first line of a run's story, as it stands."""

    run_id: str
    flow: str
    status: FlowRunStatus
    plan_digest: str
    started_at: float
    finished_at: float | None
    alive: bool
    """Whether a process is executing it now; `running` but not alive means it crashed."""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSetting:
    """What a run was started with besides its plan and inputs; kept with it for the resume."""

    environment: Mapping[str, str]
    """Values of the names in the plan's `env`."""
    origin: Mapping[str, str]
    """`path` of the flow's file from the project root; `endpoint`, when one was asked for."""


class EngineClient(Protocol):
    """Runs, from outside."""

    async def start(
        self, run_id: str, plan: ExecutionPlan, inputs: JsonObject, setting: RunSetting
    ) -> None:
        """Start a run; starting the same id with the same plan and inputs again is one start.

        Args:
            run_id: Chosen by the caller; see `ids.mint_run_id`.
            plan: Stored with the run.
            inputs: Already checked, defaults filled in.
            setting: Kept for the life of the run.

        Raises:
            RunConflict: the id belongs to a run of another plan or other inputs.
        """
        ...

    async def resume(self, run_id: str) -> None:
        """Enter a parked or crashed run again; one that is being parked, as soon as it is.

        A run that is at work already is left to that.

        Raises:
            RunNotFound: no such run.
            RunConflict: it is finished.
        """
        ...

    async def wait(self, run_id: str) -> FlowRunHead:
        """Wait until the run finishes or parks.

        Whatever broke it off instead, a store that failed or a mistake of ours, is raised here,
        to everybody who waits, until the run is entered again.

        Raises:
            RunNotFound: no such run.
        """
        ...

    async def park(self, run_id: str, reason: str) -> None:
        """Stop working on the run and leave it to be resumed.

        Tools already at work that must not run twice are given a few seconds to end.
        """
        ...

    def watch(self, sink: RunSink) -> None:
        """Show every event of every run from now on, transient ones included, as it happens."""
        ...

    def events(self, run_id: str, after: int = 0) -> Sequence[StampedEvent]:
        """Return the kept events of a run past a sequence number.

        Raises:
            RunNotFound: no such run.
        """
        ...

    def list(self) -> Sequence[FlowRunHead]:
        """Return every run, the latest first."""
        ...
