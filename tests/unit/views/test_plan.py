"""A plan as JSON."""

import json

from flowrun.plan.codec import plan_digest
from flowrun.views.plan import plan_object
from tests.support.plans import trip_report


def test_a_plan_is_told_as_lanes_and_steps():
    shown = plan_object(trip_report())
    assert shown["plan_digest"] == plan_digest(trip_report())
    assert shown["lanes"] == [
        {"lane": "(disk)", "thread": None, "steps": ["disk"]},
        {"lane": "research", "thread": "research", "steps": ["forecast", "packing"]},
        {"lane": "writing", "thread": "writing", "steps": ["report"]},
    ]
    assert shown["steps"][0] == {
        "name": "disk",
        "number": 1,
        "lane": "(disk)",
        "kind": "tool",
        "assistant": None,
        "tool": "disk_free",
        "needs": [],
        "on_error": "fail",
    }
    assert shown["steps"][3]["assistant"] == "editor"
    assert shown["steps"][3]["needs"] == ["disk", "forecast", "packing"]
    assert shown["longest_path"][-1] == "report"
    assert len(shown["longest_path"]) == 3
    assert json.loads(json.dumps(shown)) == shown
