"""The grammar of a flow file, and the rules that its models cannot say."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel

from flowrun.errors import name_list
from flowrun.spec.control_rules import control_faults
from flowrun.spec.durations import limit_faults
from flowrun.spec.faults import key_hint, unknown_key
from flowrun.spec.flow import (
    NOT_YET,
    Ask,
    Assistant,
    Flow,
    Input,
    Limits,
    Repeat,
    Retry,
    RunOptions,
    Step,
    Thread,
    Tool,
    TruncationStrategy,
)
from flowrun.spec.grammar import Fault, Grammar, Place, written_keys
from flowrun.spec.input_rules import input_faults
from flowrun.spec.plain import Plain
from flowrun.spec.repeated import repeated_names
from flowrun.spec.spans import DocPath
from flowrun.spec.tool_rules import tool_faults, tool_name_faults
from flowrun.spec.version import version_faults

_RUN_OPTIONS = frozenset(RunOptions.model_fields)
_TRIED = frozenset(("retry", "timeout"))
"""What happens at once needs no time; a person is not asked again because the answer was no."""
STEP_KEYS: Mapping[str, frozenset[str]] = {
    "assistant": frozenset(("thread", "message")) | _RUN_OPTIONS | _TRIED,
    "tool": frozenset(("with",)) | _TRIED,
    "flow": frozenset(("with",)) | _TRIED,
    "ask": frozenset(("timeout",)),
    "set": frozenset(),
}
"""By kind of step, the keys that go with some kinds alone."""

TOOL_KEYS: Mapping[str, frozenset[str]] = {
    "python": frozenset(),
    "shell": frozenset(("cwd",)),
    "script": frozenset(("cwd",)),
}
"""By kind of tool, the keys that go with some kinds alone."""


def _allowed(
    model: type[BaseModel], keys: Mapping[str, frozenset[str]], kind: str
) -> frozenset[str]:
    """Return the keys that a definition of one kind may have."""
    others = frozenset(keys) - {kind}
    elsewhere = frozenset[str]().union(*keys.values()) - keys[kind]
    return written_keys(model) - others - elsewhere


_ALLOWED: Mapping[tuple[str, str], frozenset[str]] = {
    **{("steps", kind): _allowed(Step, STEP_KEYS, kind) for kind in STEP_KEYS},
    **{("tools", kind): _allowed(Tool, TOOL_KEYS, kind) for kind in TOOL_KEYS},
}

_FREE = frozenset(
    (
        "enum",
        "items",
        "properties",
        "parameters",
        "with",
        "set",
        "foreach",
        "output",
        "tool_choice",
        "response_format",
    )
)
_KEYS_OF_STEPS = written_keys(Step)
_INSIDE: Mapping[str, frozenset[str]] = {"ask": written_keys(Ask)}
"""By kind of step, the keys that stand below that of the kind."""

_HARMLESS_OPTIONS = ("parallel_tool_calls", "max_prompt_tokens", "max_completion_tokens")


def flow_faults(flow: Mapping[str, Plain]) -> Iterator[Fault]:
    """Yield what is wrong with a flow beyond the types of its values."""
    yield from version_faults(flow, "the flow")
    if flow.get("steps") == {}:
        yield Fault(
            path=("steps",),
            code="bind/wrong-value",
            message="`steps` must have at least one step, found none",
            at="key",
        )
    for name, one in definitions(flow, "inputs"):
        yield from input_faults(("inputs", name), one)
    for name in _names(flow, "tools"):
        yield from tool_name_faults(("tools", name))
    for name, one in definitions(flow, "tools"):
        yield from _kind_faults(("tools", name), one, TOOL_KEYS)
        yield from tool_faults(("tools", name), one)
    for name, one in definitions(flow, "assistants"):
        yield from repeated_names(
            ("assistants", name, "tools"), one.get("tools"), FLOW_GRAMMAR.noun
        )
        yield from _option_faults(("assistants", name), one)
    for name, one in definitions(flow, "steps"):
        yield from _kind_faults(("steps", name), one, STEP_KEYS)
        yield from repeated_names(("steps", name, "needs"), one.get("needs"), FLOW_GRAMMAR.noun)
        yield from _option_faults(("steps", name), one)
        yield from control_faults(("steps", name), one, _KEYS_OF_STEPS)
    limits = flow.get("limits")
    if isinstance(limits, dict):
        path = ("limits", "timeout")
        yield from limit_faults(path, limits.get("timeout"), FLOW_GRAMMAR.noun(path))


def _names(file: Mapping[str, Plain], section: str) -> tuple[str, ...]:
    written = file.get(section)
    return tuple(written) if isinstance(written, dict) else ()


def definitions(
    file: Mapping[str, Plain], section: str
) -> Iterator[tuple[str, Mapping[str, Plain]]]:
    """Yield the definitions of a section that are mappings at all."""
    written = file.get(section)
    if isinstance(written, dict):
        for name, one in written.items():
            if isinstance(one, dict):
                yield name, one


def _is_free(path: DocPath) -> bool:
    if path[0] == "outputs":
        return len(path) > 2
    if len(path) < 3:
        return False
    if path[2:4] == ("ask", "schema"):
        return len(path) > 4
    return path[2] == "default" or (path[2] in _FREE and len(path) > 3)


def _kind_faults(
    path: DocPath, one: Mapping[str, Plain], keys: Mapping[str, frozenset[str]]
) -> Iterator[Fault]:
    """A definition has exactly one kind, and only the keys that go with it."""
    chosen = [key for key in one if key in keys]
    if len(chosen) == 1:
        yield from _misplaced(path, one, chosen[0], keys)
    else:
        yield _not_one_kind(path, one, tuple(keys), chosen)


def _not_one_kind(
    path: DocPath, one: Mapping[str, Plain], kinds: Sequence[str], chosen: Sequence[str]
) -> Fault:
    noun = FLOW_GRAMMAR.noun(path)
    wanted = f"{noun} must have exactly one of {_listed(kinds, 'and')}"
    if chosen:
        return Fault(
            path=(*path, chosen[1]),
            code="bind/one-kind",
            message=f"{wanted}, found {_listed(chosen, 'and')}",
            at="key",
            label="a second kind",
            hint="keep one of them, and write another definition for the other",
            related=(((*path, chosen[0]), "the first kind"),),
            about="kind",
            loses=path,
        )
    if _meant_a_kind(one, path, kinds):
        return Fault(path=path, code="bind/one-kind", message="", at="key", loses=path, silent=True)
    return Fault(
        path=path,
        code="bind/one-kind",
        message=f"{wanted}, found none",
        at="key",
        hint=f"add {_listed([f'{kind}:' for kind in kinds], 'or')}",
        loses=path,
    )


def _listed(names: Sequence[str], last: str) -> str:
    if len(names) == 1:
        return f"`{names[0]}`"
    return f"{name_list(names[:-1])} {last} `{names[-1]}`"


def _meant_a_kind(one: Mapping[str, Plain], path: DocPath, kinds: Sequence[str]) -> bool:
    """Whether an unknown key is a misspelt kind: then that is the complaint, not this."""
    place, _ = FLOW_GRAMMAR.place(path)
    known = place.keys()
    hints = {f"did you mean `{kind}`?" for kind in kinds}
    return any(key_hint(key, known) in hints for key in one if key not in known)


def _misplaced(
    path: DocPath, one: Mapping[str, Plain], kind: str, keys: Mapping[str, frozenset[str]]
) -> Iterator[Fault]:
    allowed = _ALLOWED[str(path[0]), kind]
    if one.keys() <= allowed:
        return
    what = f"`{kind}` {'step' if path[0] == 'steps' else 'tool'}"
    what = f"an {what}" if kind[0] in "aeiou" else f"a {what}"
    for key in one.keys() - allowed:
        owners = [other for other, its in keys.items() if key in its]
        hint = f"remove it; `{key}` goes with {_listed(owners, 'or')}" if owners else ""
        if key in _INSIDE.get(kind, ()):
            hint = f"write it below `{kind}:`"
        if hint:
            yield Fault(
                path=(*path, key),
                code="bind/unknown-key",
                message=f"{FLOW_GRAMMAR.noun(path)} is {what} and has no key `{key}`",
                at="key",
                label=f"not for {what}",
                hint=hint,
                loses=(*path, key),
            )
        elif not key.startswith("x-"):
            yield unknown_key((*path, key), FLOW_GRAMMAR, allowed)


def _option_faults(path: DocPath, one: Mapping[str, Plain]) -> Iterator[Fault]:
    yield from _truncation_faults((*path, "truncation"), one.get("truncation"))
    yield from _choice_faults((*path, "tool_choice"), one.get("tool_choice"))
    yield from _format_faults((*path, "response_format"), one.get("response_format"))
    if "output" in one and one.get("response_format") is not None:
        yield Fault(
            path=(*path, "response_format"),
            code="bind/wrong-value",
            message=f"{FLOW_GRAMMAR.noun(path)} must have one of `output` and `response_format`, "
            "found both",
            at="key",
            hint="keep `output`; it sets the format",
            related=(((*path, "output"), "the format is set here"),),
            loses=(*path, "response_format"),
        )


def _truncation_faults(path: DocPath, written: Plain) -> Iterator[Fault]:
    if not isinstance(written, dict):
        return
    counted = "last_messages" in written
    if written.get("type") == "last_messages" and not counted:
        yield Fault(
            path=path,
            code="bind/missing-key",
            message=f"{FLOW_GRAMMAR.noun(path)} must have a key `last_messages`, found none",
            at="opening",
            label="`last_messages` is missing",
            about="last_messages",
            hint="add `last_messages: 10`, or as many as are to be kept",
            loses=FLOW_GRAMMAR.part(path),
        )
    if written.get("type") == "auto" and counted:
        yield Fault(
            path=(*path, "last_messages"),
            code="bind/unknown-key",
            message=f"{FLOW_GRAMMAR.noun(path)} has `type: auto` and no key `last_messages`",
            at="key",
            label="not for `auto`",
            hint="write `type: last_messages`, or remove the number",
            loses=FLOW_GRAMMAR.part(path),
        )


def _choice_faults(path: DocPath, written: Plain) -> Iterator[Fault]:
    if not isinstance(written, dict):
        return
    function = written.get("function")
    named = isinstance(function, dict) and isinstance(function.get("name"), str)
    if set(written) != {"type", "function"} or written["type"] != "function" or not named:
        yield Fault(
            path=path,
            code="bind/wrong-value",
            message=f"{FLOW_GRAMMAR.noun(path)} must name one tool, found another mapping",
            hint="write `{type: function, function: {name: TOOL}}`",
            loses=FLOW_GRAMMAR.part(path),
        )


def _format_faults(path: DocPath, written: Plain) -> Iterator[Fault]:
    if not isinstance(written, dict):
        return
    kind = written.get("type")
    if kind == "json_schema":
        body = written.get("json_schema")
        sound = isinstance(body, dict) and isinstance(body.get("schema"), dict)
        sound = sound and set(written) == {"type", "json_schema"}
    else:
        sound = kind in {"text", "json_object"} and set(written) == {"type"}
    if not sound:
        yield Fault(
            path=path,
            code="bind/wrong-value",
            message=f"{FLOW_GRAMMAR.noun(path)} must be a format of the Assistants API, "
            "found another mapping",
            hint="write `output:` with a JSON Schema instead",
            loses=FLOW_GRAMMAR.part(path),
        )


FLOW_GRAMMAR = Grammar(
    model=Flow,
    places=(
        Place((), "the flow", Flow),
        Place(("inputs", "*"), "input {}", Input),
        Place(("tools", "*"), "tool {}", Tool),
        Place(("tools", "*", "retry"), "`retry` of tool {}", Retry),
        Place(("assistants", "*"), "assistant {}", Assistant, NOT_YET["assistant"]),
        Place(
            ("assistants", "*", "truncation"), "`truncation` of assistant {}", TruncationStrategy
        ),
        Place(("threads", "*"), "thread {}", Thread),
        Place(("limits",), "`limits`", Limits),
        Place(("steps", "*"), "step {}", Step),
        Place(("steps", "*", "truncation"), "`truncation` of step {}", TruncationStrategy),
        Place(("steps", "*", "ask"), "`ask` of step {}", Ask),
        Place(("steps", "*", "repeat"), "`repeat` of step {}", Repeat),
        Place(("steps", "*", "retry"), "`retry` of step {}", Retry),
        Place(("outputs", "*"), "output {}", None),
    ),
    sections=frozenset(("inputs", "tools", "assistants", "threads", "steps", "outputs")),
    lists=frozenset(("include", "env")),
    harmless={
        "inputs": frozenset(("description",)),
        "tools": frozenset(
            (
                "description",
                "timeout",
                "max_output",
                "on_unknown",
                "retry",
                "approval",
                "on_error",
                "cwd",
            )
        ),
        "assistants": frozenset(
            (
                "description",
                "temperature",
                "top_p",
                "reasoning_effort",
                "metadata",
                "truncation",
                *_HARMLESS_OPTIONS,
            )
        ),
        "threads": frozenset(("metadata",)),
        "steps": frozenset(
            (
                "description",
                "on_error",
                "join",
                "if",
                "max_parallel",
                "retry",
                "timeout",
                "truncation",
                *_HARMLESS_OPTIONS,
            )
        ),
    },
    placeholders={"version": 1, "name": "unnamed", "steps": {}},
    free=_is_free,
    rules=flow_faults,
)
