"""A plan as JSON."""

import json

from flowrun.plan.codec import plan_digest
from flowrun.views.plan import plan_object
from tests.support.plans import everything, trip_report


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
        "flow": None,
        "plan": None,
        "form": None,
        "values": None,
        "needs": [],
        "after": [],
        "join": "all",
        "if": None,
        "foreach": None,
        "repeat": None,
        "retry": None,
        "timeout_s": None,
        "on_error": "fail",
    }
    assert shown["steps"][3]["assistant"] == "editor"
    assert shown["steps"][3]["needs"] == ["disk", "forecast", "packing"]
    assert shown["longest_path"][-1] == "report"
    assert len(shown["longest_path"]) == 3
    assert json.loads(json.dumps(shown)) == shown


def test_every_layer_and_kind_is_told():
    shown = plan_object(everything())
    ok, form, disk, values, nested = shown["steps"]
    assert (ok["kind"], ok["form"], ok["timeout_s"]) == ("ask", None, 3600.0)
    assert (form["form"], form["if"]) == (["days", "note"], "{{ run.id }}")
    assert disk["foreach"] == {"items": "inputs.paths", "max_parallel": 3}
    assert disk["retry"] == {
        "attempts": 3,
        "delay_s": 0.5,
        "backoff": 1.0,
        "max_delay_s": 90.0,
        "on": ["tool"],
    }
    assert (values["kind"], values["values"]) == ("set", ["a", "b"])
    assert nested["join"] == "any"
    assert nested["repeat"]["max"] == 5
    assert shown["limits"]["max_cost_usd"] == 2.5
    assert json.loads(json.dumps(shown)) == shown


def test_a_sub_flow_is_told_inside_of_its_step():
    nested = plan_object(everything())["steps"][4]
    assert (nested["kind"], nested["flow"]) == ("flow", "flows/middle.flow.yaml")
    assert nested["plan"]["limits"]["max_tokens"] == 10
    inner = nested["plan"]["steps"][0]["plan"]
    assert inner["flow"] == "inner"
    assert inner["longest_path"] == ["draft", "again"]
    assert inner["steps"][1]["after"] == ["draft"]
