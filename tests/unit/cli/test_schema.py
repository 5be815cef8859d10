"""`flowrun schema` prints JSON Schemas and nothing else."""

import json

import pytest

from flowrun.cli.schema import NAMES
from tests.support.commands import flowrun


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_json_on_stdout(capsys, name):
    ran = flowrun(capsys, "schema", name)
    assert (ran.code, ran.err) == (0, "")
    assert "$schema" in json.loads(ran.out)
    assert ran.out.endswith("}\n")
    assert not ran.out.endswith("\n\n")


def test_flows_are_the_usual_one(capsys):
    assert flowrun(capsys, "schema").out == flowrun(capsys, "schema", "flow").out


def test_another_name_is_bad_usage(capsys):
    ran = flowrun(capsys, "schema", "flw")
    assert (ran.code, ran.out) == (64, "")
