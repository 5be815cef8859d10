"""The loader as a whole: no text brings it down, and its time grows with the text alone."""

import gc
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.source.loader import parse_yaml
from flowrun.source.locate import locate
from flowrun.source.nodes import Mapping, Node, Scalar, Sequence
from flowrun.source.text import SourceText
from tests.support.yaml_trees import load

SAMPLE = """\
# a flow
version: 1
x-common: &common {model: gpt-5-mini, temperature: 0.5}
tools:
  disk: {shell: [df, -h, "{{ args.path }}"], parameters: {path: {type: string}}}
assistants:
  guide:
    <<: *common
    instructions: !file prompts/guide.md
    description: >-
      folded text
      of two lines
steps:
  ask:
    assistant: 'guide'
    message: |
      How is {{ inputs.city }}?\té ü \U0001f600
    on_error: "a \\u00e9\\
      b"
"""


def test_the_sample_file_is_sound():
    assert load(SAMPLE)["assistants"]["guide"]["model"] == "gpt-5-mini"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_file_cut_anywhere_gives_complaints_and_no_traceback(ending):
    text = SAMPLE.replace("\n", ending)
    for end in range(len(text)):
        check(text[:end])


def test_a_file_with_one_character_changed_gives_complaints_and_no_traceback():
    for index in range(len(SAMPLE)):
        for other in "\t:{}[]\"'*&!|>-#%@`?,\n":
            check(SAMPLE[:index] + other + SAMPLE[index + 1 :])


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab1 \n\t\r:-[]{},\"'*&!|>#%@`?<~.\\x$é\u2028\ufeff"), max_size=60))
def test_any_text_of_yaml_signs_gives_complaints_and_no_traceback(text):
    check(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_any_text_at_all_gives_complaints_and_no_traceback(text):
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "[{{ x }} : y]\n",
        "[a\n {{ x }}\t: |\n",
        "\ufeff\ufeffa: {{ x }}\n",
        "{{{{{{{{",
        "a: {{{ x }}}",
    ],
)
def test_a_template_out_of_place_is_read_once_and_for_all(text):
    check(text)
    assert parse_yaml(SourceText("f", text))[1]


def check(text: str) -> None:
    """Read a text; what comes back must be consistent, and every place must lie in the text."""
    source = SourceText("f", text)
    root, found = parse_yaml(source)
    assert root is not None or found
    for one in found:
        assert source.position(source.offset(one.span.start)) == one.span.start
        assert one.span.start <= one.span.end
    check_places(root, source)


def check_places(node: Node | None, source: SourceText) -> None:
    match node:
        case Mapping():
            for entry in node:
                check_places(entry.key, source)
                check_places(entry.value, source)
        case Sequence():
            for item in node.items:
                check_places(item, source)
        case Scalar(value=str(text)):
            offsets = [offset for offset, _ in node.content]
            assert offsets == sorted(offsets)
            for offset in {0, len(text) // 2, max(len(text) - 1, 0)}:
                span = locate(node, offset)
                assert span.start <= span.end
                assert source.position(source.offset(span.start)) == span.start


def flow_of(steps: int) -> SourceText:
    one = (
        "  step_{0}:\n    assistant: guide\n    thread: t{1}\n"
        '    message: "hello {{{{ steps.step_{0}.output }}}}"\n    needs: [a, b]\n'
    )
    body = "".join(one.format(number, number % 7) for number in range(steps))
    return SourceText("f", "version: 1\nsteps:\n" + body)


def test_reading_is_quick_and_grows_with_the_file_alone():
    small, large = cpu_of(flow_of(1000)), cpu_of(flow_of(4000))
    assert small < 0.15 * slowness()
    assert large / small < 8


def cpu_of(source: SourceText) -> float:
    best = 99.0
    for _ in range(3):
        gc.collect()
        started = time.process_time()
        parse_yaml(source)
        best = min(best, time.process_time() - started)
    return best


def slowness() -> float:
    """How much slower this machine is at the moment than one that needs 50 ms for this loop."""
    started = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number & 3
    return max((time.process_time() - started) / 0.05, 1.0)
