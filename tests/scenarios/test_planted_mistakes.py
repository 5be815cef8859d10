"""Twenty mistakes in three files: twenty reports, in order, in four formats, and nothing is run.

The files are in `planted/`; a comment there would move the places, so what is wrong stands here.
"""

import json
import re
import shutil
from functools import cache

import pytest

from tests.support.endpoint import say, serve
from tests.support.repository import ROOT
from tests.support.scenario import Project, endpoint_settings

PLANTED = [
    ("prompts/scout.md:3:36", "template/unknown-filter"),  # uper
    ("team.yaml:2:20", "tool/unknown-function"),  # trip_tools:locat
    ("team.yaml:3:20", "tool/signature"),  # *cities
    ("trip.flow.yaml:3:1", "bind/unknown-key"),  # descripton
    ("trip.flow.yaml:7:34", "bind/wrong-value"),  # three
    ("trip.flow.yaml:9:19", "tool/program-not-found"),  # dtae
    ("trip.flow.yaml:10:33", "ref/unknown-argument"),  # args.file
    ("trip.flow.yaml:14:5", "yaml/duplicate-key"),  # model
    ("trip.flow.yaml:16:13", "ref/unknown-tool"),  # forecast
    ("trip.flow.yaml:17:20", "env/missing"),  # TRIP_MODEL
    ("trip.flow.yaml:17:56", "file/missing"),  # prompts/editr.md
    ("trip.flow.yaml:17:74", "bind/unknown-key"),  # temprature
    ("trip.flow.yaml:18:51", "file/outside-project"),  # ../../secrets.md
    ("trip.flow.yaml:23:13", "ref/unknown-thread"),  # reserch
    ("trip.flow.yaml:24:46", "ref/unknown-input"),  # ctiy
    ("trip.flow.yaml:30:16", "ref/unknown-assistant"),  # editer
    ("trip.flow.yaml:32:38", "ref/unknown-field"),  # verdikt
    ("trip.flow.yaml:33:25", "ref/unknown-step"),  # wether
    ("trip.flow.yaml:37:26", "graph/cycle"),  # question and answer
    ("trip.flow.yaml:43:26", "template/syntax"),  # a filter without a name
]

LIBRARIES = re.compile(
    r"pydantic|jinja|pyyaml|libyaml|jsonschema|networkx|nonetype|\bdict\b|__|traceback",
    re.IGNORECASE,
)


def planted(folder):
    made = Project(folder, {"flowrun.yaml": "version: 1\n"})
    shutil.copytree(ROOT / "tests" / "scenarios" / "planted", made.root, dirs_exist_ok=True)
    return made


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What `check` says, by format; each is asked for once."""
    project = planted(tmp_path_factory.mktemp("planted"))

    @cache
    def check(form):
        ended = project.flowrun("check", "trip.flow.yaml", "--format", form)
        assert ended.code == 3, ended.err
        assert ended.err == ""
        assert not LIBRARIES.search(ended.out)
        return ended.out

    return check


def test_every_mistake_is_reported_once_at_its_place_in_order(said):
    reported = json.loads(said("json"))["diagnostics"]
    assert [(place(one), one["code"]) for one in reported] == PLANTED


def place(diagnostic):
    start = diagnostic["start"]
    return f"{diagnostic['path']}:{start['line']}:{start['column']}"


def test_the_text_shows_place_excerpt_caret_and_where_to_read_more(said):
    text = said("text")
    places = re.findall(r"^ *--> (\S+)$", text, re.MULTILINE)
    codes = re.findall(r"^error\[(\S+)\]: ", text, re.MULTILINE)
    assert list(zip(places, codes, strict=True)) == PLANTED
    assert len(re.findall(r"^ *\| +\^+", text, re.MULTILINE)) == 20
    assert text.count("docs: flowrun explain ") == 20
    assert text.endswith("\n20 errors in 3 files\n")


def test_a_misspelt_word_is_answered_with_the_one_that_was_meant(said):
    for meant in ("description", "city", "editor", "verdict", "weather", "upper", "temperature"):
        assert f"help: did you mean `{meant}`?" in said("text")


def test_both_edges_of_the_cycle_are_named_with_their_reasons(said):
    [cycle] = [
        one for one in json.loads(said("json"))["diagnostics"] if one["code"] == "graph/cycle"
    ]
    assert "`question` refers to `steps.answer.output` (line 37)" in cycle["message"]
    assert "`answer` comes after `question` on thread `research`" in cycle["message"]


def test_sarif_has_the_shape_that_code_scanning_reads(said):
    log = json.loads(said("sarif"))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = [one["id"] for one in run["tool"]["driver"]["rules"]]
    for result, (at, code) in zip(run["results"], PLANTED, strict=True):
        physical = result["locations"][0]["physicalLocation"]
        region = physical["region"]
        uri = physical["artifactLocation"]["uri"]
        assert (f"{uri}:{region['startLine']}:{region['startColumn']}", result["ruleId"]) == (
            at,
            code,
        )
        assert result["level"] == "error"
        assert result["message"]["text"]
        assert rules[result["ruleIndex"]] == code
        assert region["endLine"] >= region["startLine"]


def test_github_gets_ten_annotations_at_most_and_is_told_of_the_rest(said):
    lines = said("github").splitlines()
    assert len(lines) == 10
    pattern = re.compile(r"::(error|warning|notice) ([a-zA-Z]+=[^,:]+,?)+::.+")
    assert all(pattern.fullmatch(line) for line in lines)
    assert "11 more" in lines[-1]


def test_execute_refuses_what_check_refuses_before_any_request(tmp_path, said):
    project = planted(tmp_path)
    with serve(say("Hello")) as server:
        project.write({"flowrun.yaml": endpoint_settings(server.base_url)})
        ended = project.flowrun("execute", "trip.flow.yaml", "--format", "json")
        assert server.requests == []
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == said("text")
    assert not project.store.exists()


def test_nothing_of_the_project_is_imported_by_check(tmp_path):
    project = planted(tmp_path)
    trap = "raise SystemExit('imported')\n"
    tools = project.root / "trip_tools.py"
    tools.write_text(trap + tools.read_text("utf-8"), "utf-8")
    ended = project.flowrun("check", "trip.flow.yaml", "--format", "json")
    assert len(ended.result["diagnostics"]) == 20
    assert list(project.root.rglob("*.pyc")) == []


def test_json_is_machine_readable_and_counts(said):
    report = json.loads(said("json"))
    assert report["format_version"] == 1
    assert all(one["severity"] == "error" for one in report["diagnostics"])
    assert all(one["message"] for one in report["diagnostics"])
