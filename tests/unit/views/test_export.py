"""The document that a run is written out as."""

import json

import jsonschema_rs

from flowrun.views.export import export_object
from flowrun.views.runs import RunRow
from flowrun.views.schemas import event_schema, export_schema
from tests.support.run_story import BEGAN, DIGEST, asking, stamp

ROW = RunRow(
    run_id="trip-1",
    flow="trip-report",
    status="parked",
    plan_digest=DIGEST,
    started_at=BEGAN,
    finished_at=None,
    alive=False,
)


def exported(events):
    return export_object(
        ROW,
        plan={"flow": "trip-report", "abi": 2},
        origin={"path": "trip.flow.yaml"},
        environment={"REGION": "eu-secret-1", "AREA": "x"},
        only="",
        events=[one for one in events if one.seq is not None],
    )


def test_a_run_is_one_document_and_keeps_to_its_schema():
    document = json.loads(json.dumps(exported(asking())))
    assert document["inputs"] == {"city": "Paris"}
    jsonschema_rs.validator_for(export_schema()).validate(document)
    events = jsonschema_rs.validator_for(event_schema())
    assert [str(error) for one in document["events"] for error in events.iter_errors(one)] == []


def test_values_of_variables_are_left_out():
    document = exported(asking())
    assert document["setting"]["environment"] == ["AREA", "REGION"]
    assert "eu-secret-1" not in json.dumps(document)


def test_a_run_that_has_not_begun_has_no_inputs():
    assert exported(stamp())["inputs"] == {}
