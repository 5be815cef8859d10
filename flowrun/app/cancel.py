"""Cancel a run, whoever executes it or nobody."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from flowrun.app.bare_session import open_bare_session
from flowrun.app.project import Project
from flowrun.app.runs import find_head, refuse_finished, show_run, store_holder
from flowrun.clock import SystemClock
from flowrun.engines.inbox import cancel_from_outside
from flowrun.errors import FlowrunError, RunConflict, StoreLocked
from flowrun.events.labels import enclosing
from flowrun.events.records import AssistantRunStarted, StepFinished
from flowrun.events.stamped import StampedEvent
from flowrun.ports.engine import FlowRunHead
from flowrun.tools.orphans import end_orphans

PATIENCE_S = 10.0
"""How long a process that executes a run is given to let go of it."""

_POLL_S = 0.05


class CancelPending(FlowrunError):
    """A run that was told to end and has not."""

    def __init__(self, run_id: str, holder: str) -> None:
        super().__init__(f"run `{run_id}` was told to end by {holder} and has not ended yet")
        self.hint = f"`flowrun runs show {run_id}` shows when it has"


async def cancel_run(project: Project, run_id: str, *, by: str, reason: str) -> FlowRunHead:
    """Cancel a run; it is over when this returns.

    A process that executes it is told to; otherwise the run ends here, and what its process may
    have left behind, programs and assistant runs, is ended too.

    Raises:
        RunNotFound: no such run.
        RunConflict: it is over already.
        CancelPending: its process was told, and still has not let go of it.
        FlowrunError: the store cannot be written.
    """
    refuse_finished(find_head(project, run_id))
    clock = SystemClock()
    until = clock.monotonic() + PATIENCE_S
    told = ""
    while True:
        head = find_head(project, run_id)
        if head.status == "cancelled":
            return head
        refuse_finished(head)  # it came to another end first
        holder = store_holder(project)
        if holder is None:
            try:
                return await _cancel_here(project, run_id, by, reason)
            except StoreLocked as locked:  # somebody was quicker
                holder = locked.holder
        if holder != told:
            told = holder
            with suppress(RunConflict):  # it is over; the next look says how
                now = clock.now()
                cancel_from_outside(project.store_path, run_id, by=by, reason=reason, at=now)
        if clock.monotonic() >= until:
            raise CancelPending(run_id, holder)
        await asyncio.sleep(_POLL_S)


async def _cancel_here(project: Project, run_id: str, by: str, reason: str) -> FlowRunHead:
    events = show_run(project, run_id).events
    async with open_bare_session(project, "flowrun runs cancel") as session:
        await end_orphans(run_id, project.root)
        await session.engine.cancel(run_id, by=by, reason=reason)
        for one in open_assistant_runs(events):
            await session.runtime.cancel(one.thread_id, one.run_id)
        return await session.engine.wait(run_id)


def open_assistant_runs(events: Iterable[StampedEvent]) -> list[AssistantRunStarted]:
    """Return the assistant runs that a run began and whose step is not over."""
    began: dict[str, list[AssistantRunStarted]] = {}
    for one in events:
        match one.event:
            case AssistantRunStarted() as event:
                began.setdefault(event.step, []).append(event)
            case StepFinished(step=over):
                for label in [label for label in began if over in enclosing(label)]:
                    del began[label]
            case _:
                pass
    return [event for runs in began.values() for event in runs]
