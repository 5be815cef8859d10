"""Reports for code scanning."""

import json

from flowrun.ids import VERSION
from flowrun.source.diagnostic import Label, Severity
from flowrun.source.report import Report, make_report
from flowrun.source.text import SourceText
from flowrun.views.diagnostics import render_report
from flowrun.views.diagnostics_sarif import MOST_RESULTS
from tests.support.reports import complaint_at, report_of


def log(report: Report):
    return json.loads(render_report(report, "sarif"))


def run_of(report: Report):
    (run,) = log(report)["runs"]
    return run


def test_the_log_is_sarif_2_1_0_by_flowrun():
    found = log(report_of("a: 1\na: 2\n"))
    assert found["version"] == "2.1.0"
    assert found["$schema"].endswith("sarif-2.1.0.json")
    driver = found["runs"][0]["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("flowrun", VERSION)
    assert found["runs"][0]["columnKind"] == "unicodeCodePoints"


def test_rules_are_those_that_are_complained_of_with_their_pages():
    run = run_of(report_of("a: 1\na: 2\n", "x: {{ y }}\nx: 2\n"))
    rules = run["tool"]["driver"]["rules"]
    assert [one["id"] for one in rules] == ["yaml/duplicate-key", "yaml/unquoted-template"]
    assert rules[0]["shortDescription"]["text"] == "a key is defined twice"
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_result_points_into_the_repository():
    source = SourceText("flows/a b.yaml", "ü: 1\nb: 2\n")
    one = complaint_at(source, 5, 6, hint="h", related=(Label(source.span(0, 1), "first"),))
    (result,) = run_of(make_report([one], {source.path: source}))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "flows/a%20b.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 2}
    assert result["message"]["text"] == "this is wrong (help: h)"
    assert result["relatedLocations"][0]["message"]["text"] == "first"


def fingerprints(text: str) -> list[str]:
    return [one["partialFingerprints"]["flowrun/v1"] for one in run_of(report_of(text))["results"]]


def test_a_fingerprint_stays_when_lines_above_change_and_none_is_given_twice():
    before = fingerprints("a: 1\na: 2\na: 2\n")
    assert fingerprints("# new\n\na: 1\na: 2\na: 2\n") == before
    assert len(set(before)) == 2


def test_no_more_results_than_github_keeps_errors_first():
    source = SourceText("a", "x\n" * 6000)
    warnings = [
        complaint_at(source, 2 * n, 2 * n + 1, severity=Severity.WARNING) for n in range(5999)
    ]
    error = complaint_at(source, 11998, 11999)
    results = run_of(make_report([*warnings, error], {"a": source}))["results"]
    assert len(results) == MOST_RESULTS
    assert [one["level"] for one in results[:2]] == ["error", "warning"]


def test_a_code_without_a_page_is_still_a_rule():
    source = SourceText("a", "x")
    run = run_of(make_report([complaint_at(source, 0, 1, code="new/one")], {"a": source}))
    assert run["tool"]["driver"]["rules"][0]["id"] == "new/one"
