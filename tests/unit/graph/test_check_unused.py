"""Warnings of what nothing uses."""

from flowrun.source.diagnostic import Severity
from tests.support.flows import check_body


def test_an_input_that_may_be_used_is_not_called_unused():
    body = (
        "inputs: {a: {type: string}}\nassistants: {g: {model: m}}\n"
        "steps: {s: {assistant: g, message: '{{ inputs | tojson }}'}}\n"
    )
    assert not check_body(body).lines


def test_included_definitions_are_shared_and_need_no_user():
    done = check_body(
        "include: [shared.yaml]\nsteps: {s: {tool: t}}\n",
        **{"shared.yaml": "tools: {t: {shell: [df]}, u: {shell: [df]}}\n"},
    )
    assert not done.lines


def test_warnings_do_not_refuse_a_flow():
    done = check_body("tools: {t: {shell: [df]}, u: {shell: [df]}}\nsteps: {s: {tool: t}}\n")
    assert [one.severity for one in done.diagnostics] == [Severity.WARNING]
    assert done.plan is not None


def test_a_flow_with_errors_is_not_searched_for_what_is_unused():
    done = check_body("tools: {t: {shell: [df]}}\nsteps: {s: {tool: tt}}\n")
    assert done.codes == ["ref/unknown-tool"]
