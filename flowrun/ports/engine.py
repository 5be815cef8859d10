"""What the command line, the server and dev mode use of an engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from flowrun.events.records import StepFinished
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
    questions: tuple[str, ...] = ()
    """Of a parked run: plan paths of the questions that people are waited for with."""
    wake_at: float | None = None
    """Of a parked run: when a timer goes on with it, in seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs, and how many of them; the latest first."""

    statuses: frozenset[FlowRunStatus] = frozenset()
    """Any of these; empty for all."""
    flow: str | None = None
    since: float | None = None
    """Started at or after this instant."""
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSetting:
    """What a run was started with besides its plan and inputs; kept with it for the resume."""

    environment: Mapping[str, str]
    """Values of the names in the plan's `env`."""
    origin: Mapping[str, str]
    """`path` of the flow's file from the project root; `endpoint`, when one was asked for."""
    only: str = ""
    """Of a run that repeats one step of another: that step. The others are not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A run at regular instants: `anchor`, and every so long after it."""

    name: str
    plan: ExecutionPlan
    inputs: JsonObject
    setting: RunSetting
    every_s: float
    anchor: float
    """In seconds since the epoch."""
    catch_up: Literal["none", "last", "all"] = "last"
    """Of the ticks missed while nobody was there: which are made up for."""


class EngineClient(Protocol):
    """Runs, from outside."""

    async def start(
        self,
        run_id: str,
        plan: ExecutionPlan,
        inputs: JsonObject,
        setting: RunSetting,
        recorded: Sequence[StepFinished] = (),
    ) -> None:
        """Start a run; starting the same id with the same plan and inputs again is one start.

        Args:
            run_id: Chosen by the caller; see `ids.mint_run_id`.
            plan: Stored with the run.
            inputs: Already checked, defaults filled in.
            setting: Kept for the life of the run.
            recorded: Results of steps that the run begins with, as though it had had them.

        Raises:
            RunConflict: the id belongs to a run of another plan or other inputs.
        """
        ...

    async def resume(self, run_id: str, *, force: bool = False) -> None:
        """Enter a parked or crashed run again; one that is being parked, as soon as it is.

        A run that is at work already is left to that.

        Args:
            run_id: Of the run.
            force: Enter it even if it keeps killing its process.

        Raises:
            RunNotFound: no such run.
            RunConflict: it is finished.
            RunCrashLoops: entry after entry died without progress; it is parked.
        """
        ...

    async def send(
        self, run_id: str, name: str, value: JsonObject, *, message_id: str, sender: str
    ) -> None:
        """Give a run a signal; durable when this returns. The same message again is no other one.

        A run of this process that is parked for it goes on.

        Args:
            run_id: Of the run.
            name: Plan path of what waits, or will.
            value: What is said.
            message_id: Chosen by the sender, unique.
            sender: Who says it, for people.

        Raises:
            RunNotFound: no such run.
            RunConflict: it is over.
            AlreadyAnswered: another message under this name came first; says whose and what.
        """
        ...

    async def cancel(self, run_id: str, *, by: str = "", reason: str = "") -> None:
        """Cancel a run; it is durable when this returns, and terminal as soon as its work let go.

        A run that is not at work is over when this returns. Cancelling twice is cancelling once.

        Raises:
            RunNotFound: no such run.
            RunConflict: it is over, and was not cancelled.
        """
        ...

    async def wait(self, run_id: str) -> FlowRunHead:
        """Wait until the run finishes or parks; one that a timer will wake is waited for.

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

    def list(self, wanted: RunFilter | None = None) -> Sequence[FlowRunHead]:
        """Return runs, the latest first."""
        ...

    async def schedule(self, schedule: Schedule) -> None:
        """Keep a schedule; one of the same name is replaced, and its past ticks stay fired."""
        ...

    async def sweep(self) -> Sequence[str]:
        """Start the runs of ticks that are due, enter parked runs whose timer is; return their ids.

        A tick's run is called after the schedule and its nominal instant, so it is started once
        whoever sweeps, and however often.

        Raises:
            FlowrunError: one of them could not be started or entered; the others were.
        """
        ...
