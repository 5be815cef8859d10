"""What people call the things in their files."""

import pytest

from flowrun.spec.flow_rules import FLOW_GRAMMAR
from flowrun.spec.replies import REPLIES_GRAMMAR


@pytest.mark.parametrize(
    ("path", "noun"),
    [
        ((), "the flow"),
        (("name",), "`name`"),
        (("steps",), "`steps`"),
        (("steps", "report"), "step `report`"),
        (("steps", "report", "with", "path"), "`with.path` of step `report`"),
        (("steps", "report", "needs", 0), "item 1 of `needs` of step `report`"),
        (("tools", "t", "env", "PIN"), "`env.PIN` of tool `t`"),
        (("assistants", "a", "truncation", "type"), "`type` of `truncation` of assistant `a`"),
        (("steps", "a", "retry", "on", 0), "item 1 of `on` of `retry` of step `a`"),
        (("steps", "a", "repeat", "until"), "`until` of `repeat` of step `a`"),
        (("steps", "a", "ask", "schema", "b"), "`schema.b` of `ask` of step `a`"),
        (("steps", "a", "set", "b"), "`set.b` of step `a`"),
        (("tools", "t", "retry", "delay"), "`delay` of `retry` of tool `t`"),
        (("limits",), "`limits`"),
        (("limits", "max_tokens"), "`max_tokens` of `limits`"),
        (("outputs", "report"), "output `report`"),
        (("env", 2), "item 3 of `env`"),
        (("tools", "t", "parameters", "a", 0, "b"), "`b` of item 1 of `parameters.a` of tool `t`"),
    ],
)
def test_places_of_a_flow_have_names(path, noun):
    assert FLOW_GRAMMAR.noun(path) == noun


def test_places_of_a_script_are_counted():
    assert REPLIES_GRAMMAR.noun(("replies", 1, "call", 0, "tool")) == "`tool` of call 1 of reply 2"
    assert REPLIES_GRAMMAR.noun(("replies", 1, "when")) == "`when` of reply 2"


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (("steps", "a", "message"), ("steps", "a")),
        (("steps", "a", "on_error"), ("steps", "a", "on_error")),
        (("assistants", "a", "metadata", "k"), ("assistants", "a", "metadata")),
        (("tools", "t", "shell", 1), ("tools", "t")),
        (("env", 1), ("env", 1)),
        (("steps", "a", "retry", "attempts"), ("steps", "a", "retry")),
        (("steps", "a", "ask", "message"), ("steps", "a")),
        (("steps", "a", "foreach"), ("steps", "a")),
        (("limits", "max_tokens"), ("limits",)),
        (("threads",), ("threads",)),
        (("name",), ("name",)),
    ],
)
def test_as_little_is_left_out_as_can_be(path, part):
    assert FLOW_GRAMMAR.part(path) == part
