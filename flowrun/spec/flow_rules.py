"""Rules of a flow that its models cannot say, and the grammar of a flow file."""

from collections.abc import Iterator, Mapping

from flowrun.spec.flow import (
    NOT_YET,
    Assistant,
    Flow,
    Input,
    Step,
    Thread,
    Tool,
    TruncationStrategy,
)
from flowrun.spec.grammar import Fault, Grammar, Place
from flowrun.spec.plain import Plain
from flowrun.spec.spans import DocPath


_FREE = frozenset(
    ("default", "enum", "items", "properties", "parameters", "with", "output")
    + ("tool_choice", "response_format")
)


def _is_free(path: DocPath) -> bool:
    if path[0] == "outputs":
        return len(path) > 1
    return len(path) > 2 and path[2] in _FREE and (path[2] in {"default"} or len(path) > 3)


def _rules(flow: Mapping[str, Plain]) -> Iterator[Fault]:
    yield from ()


FLOW_GRAMMAR = Grammar(
    model=Flow,
    places=(
        Place((), "the flow", Flow, NOT_YET["flow"]),
        Place(("inputs", "*"), "input {}", Input),
        Place(("tools", "*"), "tool {}", Tool, NOT_YET["tool"]),
        Place(("assistants", "*"), "assistant {}", Assistant, NOT_YET["assistant"]),
        Place(
            ("assistants", "*", "truncation"), "`truncation` of assistant {}", TruncationStrategy
        ),
        Place(("threads", "*"), "thread {}", Thread),
        Place(("steps", "*"), "step {}", Step, NOT_YET["step"]),
        Place(("steps", "*", "truncation"), "`truncation` of step {}", TruncationStrategy),
    ),
    sections=frozenset(("inputs", "tools", "assistants", "threads", "steps", "outputs")),
    harmless={},
    placeholders={"version": 1, "name": "unnamed", "steps": {}},
    free=_is_free,
    rules=_rules,
)
