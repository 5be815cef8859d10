"""A run that was left, taken up again: what its journal and its inbox say."""

import json
from dataclasses import dataclass

from flowrun.engines.assignment import Assignment
from flowrun.engines.heads import enter_head
from flowrun.engines.inbox import CANCEL, read_inbox
from flowrun.engines.live_run import LiveRun
from flowrun.engines.progress import MAX_DEATHS, deaths_in_a_row, entered_key, last_key
from flowrun.engines.reading import StoredHead, read_journal, read_plan
from flowrun.events.records import FlowRunResumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """A run with all that earlier lives and other people left."""

    run: LiveRun
    found: StoredHead
    deaths: int
    """Entries in a row that died and gained nothing."""
    last_key: str
    """Where it was last seen."""

    @property
    def stuck(self) -> bool:
        """Whether it only kills its process."""
        return self.deaths >= MAX_DEATHS

    @property
    def cancelled(self) -> tuple[str, str] | None:
        """By whom and why, if somebody wants it cancelled and it is not over yet."""
        if (request := self.run.inbox.get(CANCEL)) is not None:
            return request.sender, str(request.value.get("reason", ""))
        return ("", "") if "run/cancelling" in self.run.events else None


def reopen(run: LiveRun, found: StoredHead) -> Reopened:
    """Load a run that nobody executes."""
    rows = read_journal(run.database, run.run_id)
    run.load(rows)
    run.entry = found.entries
    for message in read_inbox(run.database, run.run_id):
        run.inbox[message.name] = message
    return Reopened(
        run=run, found=found, deaths=deaths_in_a_row(found, rows), last_key=last_key(rows)
    )


def queue_entry(reopened: Reopened, *, force: bool) -> Assignment:
    """Queue that the run is entered, and return what is to be carried out.

    Raises:
        PlanUnreadable: by a plan that this release cannot carry out; nothing was queued.
    """
    run, found = reopened.run, reopened.found
    plan = read_plan(run.database, found.plan_digest)
    run.entry = found.entries + 1
    enter_head(run.database, run.number, run.entry, 0 if force else reopened.deaths)
    run.append_event(entered_key(run.entry), FlowRunResumed(entry=run.entry))
    return Assignment(plan=plan, inputs=json.loads(found.inputs), setting=found.setting)
