"""From an offset in a text value back to the file."""

import pytest

from flowrun.source.locate import locate
from flowrun.source.nodes import Scalar
from flowrun.source.text import SourceText
from tests.support.yaml_trees import at


@pytest.mark.parametrize(
    "text",
    [
        "a: before HERE after",
        "a: 'before HERE after'",
        "a: 'it''s before HERE after'",
        'a: "a\\tb \\u00e9 HERE \\n after"',
        'a: "one\n   two \\\n   three HERE\n\n   four"',
        "a: one\n   two\n\n   three HERE four",
        "a: |\n  one\n\n    two HERE\n  three\n",
        "a: |2-\n    one\n   HERE\n",
        "a: |+\n\n\n  one\n  HERE\n\n\n",
        "a: >\n  one\n  two\n\n   indented\n  HERE\n",
        "a: >-\r\n  one\r\n  two HERE\r\n",
        "a: |\r\n  one\r\n  two HERE\r\n",
        "a: \u00e9\u00fc\U0001f600 HERE",
        "a: !!str HERE",
        "a: &x 'one\n\n HERE'",
        "a: |\n  x\u2028y\n  z\x85HERE\n",
    ],
)
def test_an_offset_in_a_text_is_found_in_the_file(text):
    node = at(text, "a")
    assert isinstance(node, Scalar)
    source = SourceText("flow.yaml", text)
    span = locate(node, str(node.value).index("HERE"), 4)
    found = source.text[source.offset(span.start) : source.offset(span.end)]
    assert found == "HERE"
