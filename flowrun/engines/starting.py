"""The first rows of a run."""

import json
from collections.abc import Callable, Sequence

from flowrun.engines.assignment import Assignment
from flowrun.engines.heads import insert_head, insert_plan
from flowrun.engines.live_run import LiveRun
from flowrun.engines.progress import entered_key
from flowrun.engines.reading import StoredHead
from flowrun.errors import RunConflict
from flowrun.events.codec import encode_event
from flowrun.events.records import FlowRunStarted, StepFinished
from flowrun.ids import canonical_json, ordered_json
from flowrun.plan.codec import plan_digest, plan_to_json
from flowrun.plan.plan import ExecutionPlan
from flowrun.storage.database import Database

_REMEMBERED = 64
"""Plans whose text and digest are remembered."""


class Starter:
    """Queues what makes a run. It counts the runs of the store, so there is one to an owner."""

    def __init__(self, database: Database, live_run: Callable[[int, str], LiveRun]) -> None:
        self._database = database
        self._live_run = live_run
        """Makes a run at work, by its number and id."""
        self._known: dict[int, tuple[ExecutionPlan, str, str]] = {}
        """Digests and texts by object: a plan is started again and again."""
        rows = database.read("SELECT coalesce(max(number), 0) FROM flow_run")
        self._last_number = int(str(rows[0][0]))

    def queue_run(
        self, run_id: str, assignment: Assignment, recorded: Sequence[StepFinished]
    ) -> LiveRun:
        """Queue a new run: plan, head, first event, and the results that it begins with.

        Raises:
            ValueError: an input is what JSON cannot say; nothing was queued.
        """
        plan, inputs = assignment.plan, assignment.inputs
        digest, _ = self._texts(plan)
        started = FlowRunStarted(flow=plan.flow, plan_digest=digest, inputs=inputs)
        results = {f"steps/{one.step}/finished": one for one in recorded}
        encode_event(started)
        for result in recorded:
            encode_event(result)
        self.queue_plan(plan)
        self._last_number += 1
        run = self._live_run(self._last_number, run_id)
        insert_head(
            self._database,
            (run.number, run_id),
            (plan.flow, digest),
            ordered_json(inputs),
            assignment.setting,
            run.clock.now(),
        )
        run.append_event(entered_key(1), started)
        for key, result in results.items():
            run.events[key] = encode_event(result)
            run.append_event(key, result)
        return run

    def queue_plan(self, plan: ExecutionPlan) -> str:
        """Queue a plan's row, should it have none, and return its digest."""
        digest, text = self._texts(plan)
        insert_plan(self._database, digest, plan.abi, text)
        return digest

    def refuse_another(self, found: StoredHead, assignment: Assignment) -> None:
        """Return when a stored run is that of the plan, the inputs and what is to be repeated.

        Raises:
            RunConflict: it is not.
        """
        digest, _ = self._texts(assignment.plan)
        known, given = json.loads(found.inputs), assignment.inputs
        same = canonical_json(known) == canonical_json(given)
        if found.plan_digest != digest or not same:
            raise RunConflict(
                found.run_id, "exists with another plan or other inputs", "choose another --run-id"
            )
        settings = (found.setting, assignment.setting)
        if len({(one.only, one.origin.get("from_run")) for one in settings}) > 1:
            raise RunConflict(
                found.run_id, "exists with other steps to run", "choose another --run-id"
            )

    def _texts(self, plan: ExecutionPlan) -> tuple[str, str]:
        known = self._known.get(id(plan))
        if known is None or known[0] is not plan:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = (plan, plan_digest(plan), plan_to_json(plan))
            self._known[id(plan)] = known
        return known[1], known[2]
