"""A run as one JSON document that can be kept, sent and read without flowrun."""

import json
from collections.abc import Iterable, Sequence

from flowrun.events.codec import envelope
from flowrun.events.stamped import StampedEvent
from flowrun.ids import JsonObject, JsonValue
from flowrun.views.runs import RunRow

EXPORT_VERSION = 1


def export_object(
    row: RunRow,
    *,
    plan: JsonObject,
    origin: JsonObject,
    environment: Iterable[str],
    only: str,
    events: Sequence[StampedEvent],
) -> JsonObject:
    """Return the document that `runs export` writes; `schemas/export.schema.json` describes it.

    Args:
        row: The run as the store's index has it.
        plan: As it is stored.
        origin: See `ports.engine.RunSetting`.
        environment: Names of the variables that the run was given; their values stay at home.
        only: See `ports.engine.RunSetting`.
        events: Every kept one.
    """
    lines = [
        json.loads(envelope(one.event, seq=one.seq, at=one.at, run_id=row.run_id)) for one in events
    ]
    inputs: JsonValue = next((one["inputs"] for one in lines if "inputs" in one), {})
    return {
        "format_version": EXPORT_VERSION,
        "run": {
            "run_id": row.run_id,
            "flow": row.flow,
            "status": row.status,
            "plan_digest": row.plan_digest,
            "started_at": row.started_at,
            "finished_at": row.finished_at,
            "error": row.error,
        },
        "plan": plan,
        "setting": {"environment": sorted(environment), "origin": origin, "only": only},
        "inputs": inputs,
        "events": lines,
    }
