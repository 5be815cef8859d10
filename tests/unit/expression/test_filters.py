"""What each filter and test makes of its value."""

import pytest

from flowrun.expression.template import ExpressionFailed, compile_template

SCOPE = {
    "people": [{"name": "Zoe", "age": 30, "at": {"city": "Rome"}}, {"name": "al", "age": 7}],
    "words": ["b", "A", "a", "b"],
    "text": "one  two\nthree",
}


def value(expression):
    return compile_template("{{ " + expression + " }}").evaluate(SCOPE)


def refusal(expression):
    with pytest.raises(ExpressionFailed) as caught:
        value(expression)
    return caught.value.reason


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'aB' | upper", "AB"),
        ("'aB' | lower", "ab"),
        ("'aB c' | capitalize", "Ab c"),
        ("'one two-three' | title", "One Two-three"),
        ("'  a ' | trim", "a"),
        ("'xxaxx' | trim('x')", "a"),
        ("'aaa' | replace('a', 'bb')", "bbbbbb"),
        ("'aaa' | replace('a', 'b', 2)", "bba"),
        ("'aaa' | replace('a', 'b', count=1)", "baa"),
        ("text | split", ["one", "two", "three"]),
        ("'a,b,c' | split(',', 1)", ["a", "b,c"]),
        ("text | lines", ["one  two", "three"]),
        ("'abcdef' | truncate(4)", "abc…"),
        ("'abcdef' | truncate(4, '..')", "ab.."),
        ("'abc' | truncate(3)", "abc"),
        ("'a\nb\n\nc' | indent(2)", "a\n  b\n\n  c"),
        ("'a\nb' | indent(1, first=true)", " a\n b"),
        ("'a' | indent", "a"),
        ("text | wordcount", 3),
        ("'a b/c&é' | urlencode", "a%20b%2Fc%26%C3%A9"),
        ("[1, none] | string", "[1,null]"),
        ("'12' | int", 12),
        ("' 12 ' | int", 12),
        ("'12.9' | int", 12),
        ("'x' | int", 0),
        ("'x' | int(-1)", -1),
        ("2.9 | int", 2),
        ("none | int(5)", 5),
        ("'1.5' | float", 1.5),
        ("'nan' | float(2.0)", 2.0),
        ("'x' | float", 0.0),
        ("2.567 | round(1)", 2.6),
        ("2.1 | round(method='ceil')", 3.0),
        ("2.19 | round(1, 'floor')", 2.1),
        ("-3 | abs", 3),
        ("words | length", 4),
        ("people[0] | count", 3),
        ("words | first", "b"),
        ("words | last", "b"),
        ("words | join", "bAab"),
        ("[1, true, 'x'] | join('-')", "1-true-x"),
        ("people | join(', ', 'name')", "Zoe, al"),
        ("people[0] | list", ["name", "age", "at"]),
        ("'ab' | list", ["a", "b"]),
        ("words | sort", ["A", "a", "b", "b"]),
        ("words | sort(true)", ["b", "b", "A", "a"]),
        ("words | sort(case_sensitive=true)", ["A", "a", "b", "b"]),
        ("people | sort(attribute='name') | map(attribute='name')", ["al", "Zoe"]),
        ("people | sort(attribute='age') | map(attribute='age')", [7, 30]),
        ("words | unique", ["b", "A"]),
        ("words | unique(true)", ["b", "A", "a"]),
        ("[1, 1.0, '1', true, [1], [1]] | unique", [1, 1.0, "1", True, [1]]),
        ("words | reverse", ["b", "a", "A", "b"]),
        ("'abc' | reverse", "cba"),
        ("[1, 2.5] | sum", 3.5),
        ("people | sum('age')", 37),
        ("people | sum(attribute='age', start=3)", 40),
        ("words | min", "A"),
        ("[3, 1, 2] | max", 3),
        ("people | max(attribute='age')", SCOPE["people"][0]),
        ("people[0] | items | first", ["name", "Zoe"]),
        ("people[0] | keys", ["name", "age", "at"]),
        ("people[1] | values", ["al", 7]),
        ("{'a': [1, 'é']} | tojson", '{"a":[1,"é"]}'),
        ("{'a': 1} | tojson(2)", '{\n  "a": 1\n}'),
        ("'[1, {\"a\": null}]' | fromjson", [1, {"a": None}]),
        ("words | map('upper')", ["B", "A", "A", "B"]),
        ("words | map('replace', 'b', 'c')", ["c", "A", "a", "c"]),
        ("people | map(attribute='at.city', default='?')", ["Rome", "?"]),
        ("[[1, 2], [3]] | map(attribute=0)", [1, 3]),
        ("[0, 1, '', 'a'] | select", [1, "a"]),
        ("[1, 2, 3] | select('odd')", [1, 3]),
        ("[1, 2, 3] | select('>', 1)", [2, 3]),
        ("[1, 2, 3] | reject('odd')", [2]),
        ("people | selectattr('at') | length", 1),
        ("people | selectattr('age', 'ge', 10) | map(attribute='name')", ["Zoe"]),
        ("people | selectattr('at.city', 'defined') | length", 1),
        ("people | rejectattr('at') | map(attribute='name')", ["al"]),
        ("gone | default('x')", "x"),
        ("gone | d(['x'])", ["x"]),
        ("'' | default('x')", ""),
        ("'' | default('x', true)", "x"),
    ],
)
def test_filters(expression, expected):
    found = value(expression)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "expression",
    [
        "1 is defined",
        "gone is undefined",
        "none is none",
        "true is true",
        "false is false",
        "1 is not true",
        "true is boolean",
        "1 is integer",
        "true is not integer",
        "1.5 is float",
        "1 is number",
        "true is not number",
        "'a' is string",
        "people[0] is mapping",
        "words is sequence",
        "words is iterable",
        "5 is not iterable",
        "'b' is in(words)",
        "'z' is not in(words)",
        "'ne' is in('one')",
        "1 is eq(1)",
        "1 is ne(2)",
        "1 is lt(2)",
        "1 is le(1)",
        "2 is gt(1)",
        "2 is ge(2)",
        "2 is even",
        "3 is odd",
        "9 is divisibleby(3)",
        "'ab' is lower",
        "'AB' is upper",
        "'abc' is startswith('ab')",
        "'abc' is endswith('bc')",
        "'a' in words",
    ],
)
def test_tests(expression):
    assert value(expression) is True


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("5 | upper", "`upper` expects a text, not a number"),
        ("words | trim", "`trim` expects a text, not a list"),
        ("'5' | round", "`round` expects a number, not a text"),
        ("true | abs", "`abs` expects a number, not true"),
        ("5 | length", "`length` expects a list, an object or a text, not a number"),
        ("5 | join", "`join` expects a list, not a number"),
        ("[] | first", "`first` expects a list that is not empty"),
        ("[] | max", "`max` expects a list that is not empty"),
        ("words | items", "`items` expects an object, not a list"),
        ("'{' | fromjson", "`fromjson` expects a JSON text"),
        ("'NaN' | fromjson", "`fromjson` expects a JSON text"),
        ("'a' | split('')", "`split` expects a separator that is not empty"),
        ("'a' | indent(500)", "`indent` expects a width from 0 to 200"),
        ("1.5 | round(1, 'up')", "`round` expects 'common', 'ceil' or 'floor', not a text"),
        ("[1, 'a'] | sort", "the values do not fit together"),
        ("people | map(attribute='zip')", "no `zip` in the object, which has `name`, `age`, `at`"),
        ("people | sum('zip')", "no `zip` in the object, which has `name`, `age`, `at`"),
        ("words | map", "the arguments of `map` do not fit"),
        ("gone | upper", "no `gone` here"),
        ("'a' | replace(gone, 'b')", "no `gone` here"),
        ("1.5 is even", "`even` expects a whole number, not a number"),
    ],
)
def test_refusals(expression, reason):
    assert refusal(expression) == reason
