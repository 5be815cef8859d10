"""Arguments that could not work, whatever the value; and values that a filter never takes."""

import pytest

from flowrun.expression.template import analyse
from flowrun.expression.terms import Analysis, TemplateProblem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ inputs.a | truncate('x') }}", "`truncate` expects a whole number, not a text"),
        ("{{ inputs.a | tojson(indent=99) }}", "`tojson` expects an indent from 0 to 8"),
        ("{{ inputs.a | round(-1) }}", "`round` expects a precision from 0 to 30"),
        ("{{ inputs.a | round(1, 'up') }}", "`round` expects 'common', 'ceil' or 'floor'"),
        ("{{ inputs.a | split('') }}", "`split` expects a separator that is not empty"),
        ("{{ inputs.a | split(3) }}", "the values do not fit together"),
        ("{{ inputs.a is divisibleby(0) }}", "division by zero"),
        ("{{ inputs.a is startswith(3) }}", "`it` expects a text, not a number"),
        ("{{ range() }}", "`range` expects one to three whole numbers"),
        ("{{ range(1, 2, 3, 4) }}", "`range` expects one to three whole numbers"),
        ("{{ range(1, 5, 0) }}", "the step of `range` must not be 0"),
        ("{{ range('a') }}", "`range` expects one to three whole numbers"),
    ],
)
def test_what_always_fails_is_refused(text, said):
    found = analyse(text)
    assert isinstance(found, TemplateProblem)
    assert found.message.startswith(said)


@pytest.mark.parametrize(
    "text",
    [
        "{{ inputs.a | truncate(inputs.n) }}",
        "{{ inputs.a | truncate(5, end='') }}",
        "{{ inputs.a | round(2) }}",
        "{{ inputs.a | split }}",
        "{{ inputs.a | replace('a', 'b', count=1) }}",
        "{{ inputs.a | max(attribute='price') }}",
        "{{ range(inputs.n) }}",
        "{{ range(3, -1, -1) }}",
    ],
)
def test_what_may_work_is_let_be(text):
    assert isinstance(analyse(text), Analysis)
