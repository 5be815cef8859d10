"""The failure of an expression, as a sentence."""

from flowrun.errors import FlowrunError
from flowrun.expression.terms import ExpressionFailed


def test_a_failure_names_its_expression_and_its_reason():
    failed = ExpressionFailed("steps.a\n  .output", "no `a` here")
    assert str(failed) == "`{{ steps.a .output }}`: no `a` here"
    assert failed.reason == "no `a` here"
    assert isinstance(failed, FlowrunError)


def test_statements_and_whole_texts_keep_their_braces():
    assert str(ExpressionFailed("{% if a %}", "r")) == "`{% if a %}`: r"
    assert str(ExpressionFailed("x {{ a }}", "r")) == "`x {{ a }}`: r"
