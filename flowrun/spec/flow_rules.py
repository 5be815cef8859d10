"""The grammar of a flow file, and the rules that its models cannot say."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel

from flowrun.errors import name_list
from flowrun.spec.durations import limit_faults
from flowrun.spec.faults import key_hint, unknown_key
from flowrun.spec.flow import (
    NOT_YET,
    Assistant,
    Flow,
    Input,
    RunOptions,
    Step,
    Thread,
    Tool,
    TruncationStrategy,
)
from flowrun.spec.grammar import Fault, Grammar, Place, written_keys
from flowrun.spec.input_rules import input_faults
from flowrun.spec.plain import Plain
from flowrun.spec.spans import DocPath
from flowrun.spec.version import version_faults

_STEP_KINDS = ("assistant", "tool")
_TOOL_KINDS = ("python", "shell", "script")
_LATER_STEP_KINDS = ("flow", "ask", "set")
_LATER = {"steps": _LATER_STEP_KINDS, "tools": ()}

_LONGEST_TOOL_NAME = 64
"""Of a function, for the endpoints that models are at."""

_RUN_OPTIONS = frozenset(RunOptions.model_fields)
STEP_KEYS: Mapping[str, frozenset[str]] = {
    "assistant": frozenset(("thread", "message")) | _RUN_OPTIONS,
    "tool": frozenset(("with",)),
}
"""By kind of step, the keys that go with that kind alone."""

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
        "output",
        "tool_choice",
        "response_format",
    )
)

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
        if len(name) > _LONGEST_TOOL_NAME:
            yield Fault(
                path=("tools", name),
                code="bind/bad-name",
                message=f"the name of a tool must be at most {_LONGEST_TOOL_NAME} characters long, "
                f"found {len(name)}",
                at="key",
                hint="choose a shorter name; models are told of it",
                loses=("tools", name),
            )
    for name, one in definitions(flow, "tools"):
        yield from _kind_faults(("tools", name), one, _TOOL_KINDS, TOOL_KEYS)
        path = ("tools", name, "timeout")
        yield from limit_faults(path, one.get("timeout"), FLOW_GRAMMAR.noun(path))
        if "python" in one:
            yield from _own_environment(("tools", name, "env"), one.get("env"))
    for name, one in definitions(flow, "assistants"):
        yield from _repeated(("assistants", name, "tools"), one.get("tools"))
        yield from _option_faults(("assistants", name), one)
    for name, one in definitions(flow, "steps"):
        yield from _kind_faults(("steps", name), one, _STEP_KINDS, STEP_KEYS)
        yield from _repeated(("steps", name, "needs"), one.get("needs"))
        yield from _option_faults(("steps", name), one)


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
    return path[2] == "default" or (path[2] in _FREE and len(path) > 3)


def _kind_faults(
    path: DocPath,
    one: Mapping[str, Plain],
    kinds: Sequence[str],
    keys: Mapping[str, frozenset[str]],
) -> Iterator[Fault]:
    """A definition has exactly one kind, and only the keys that go with it."""
    later = _LATER[str(path[0])]
    chosen = [key for key in one if key in kinds or key in later]
    if any(key in later for key in chosen):
        yield _silently_dropped(path)  # that key is not available yet, which is told
    elif len(chosen) != 1:
        yield _not_one_kind(path, one, kinds, chosen)
    else:
        yield from _misplaced(path, one, chosen[0], keys)


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
        return _silently_dropped(path)
    return Fault(
        path=path,
        code="bind/one-kind",
        message=f"{wanted}, found none",
        at="key",
        hint=f"add {_listed([f'{kind}:' for kind in kinds], 'or')}",
        loses=path,
    )


def _listed(names: Sequence[str], last: str) -> str:
    return f"{name_list(names[:-1])} {last} `{names[-1]}`"


def _silently_dropped(path: DocPath) -> Fault:
    return Fault(path=path, code="bind/one-kind", message="", at="key", loses=path, silent=True)


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
        owners = [f"`{other}`" for other, its in keys.items() if key in its]
        if owners:
            yield Fault(
                path=(*path, key),
                code="bind/unknown-key",
                message=f"{FLOW_GRAMMAR.noun(path)} is {what} and has no key `{key}`",
                at="key",
                label=f"not for {what}",
                hint=f"remove it; `{key}` goes with {' or '.join(owners)}",
                loses=(*path, key),
            )
        elif not key.startswith("x-"):
            yield unknown_key((*path, key), FLOW_GRAMMAR, allowed)


def _own_environment(path: DocPath, env: Plain) -> Iterator[Fault]:
    """A Python function runs inside flowrun: it can need a variable, and cannot be given one."""
    for name, value in env.items() if isinstance(env, dict) else ():
        reference = f"${{secret:{name}}}"
        if isinstance(value, str) and value != reference:
            yield Fault(
                path=(*path, name),
                code="bind/wrong-value",
                message=f"{FLOW_GRAMMAR.noun((*path, name))} must be `{reference}`, "
                "found another text",
                label="a Python function sees flowrun's own environment",
                hint=f"write `env: [{name}]` and set `{name}` for flowrun itself",
                loses=path,
            )


def _repeated(path: DocPath, names: Plain) -> Iterator[Fault]:
    if not isinstance(names, list):
        return
    first: dict[str, int] = {}
    for number, name in enumerate(names):
        if isinstance(name, str) and first.setdefault(name, number) != number:
            yield Fault(
                path=(*path, number),
                code="bind/wrong-value",
                message=f"{FLOW_GRAMMAR.noun(path)} must name each once, found `{name}` again",
                label="named again",
                hint="remove one of them",
                related=(((*path, first[name]), "named here first"),),
                loses=(*path, number),
            )


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
        Place(("outputs", "*"), "output {}", None),
    ),
    sections=frozenset(("inputs", "tools", "assistants", "threads", "steps", "outputs")),
    lists=frozenset(("include", "env")),
    harmless={
        "inputs": frozenset(("description",)),
        "tools": frozenset(
            ("description", "timeout", "max_output", "effect", "approval", "on_error", "cwd")
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
        "steps": frozenset(("description", "on_error", "truncation", *_HARMLESS_OPTIONS)),
    },
    placeholders={"version": 1, "name": "unnamed", "steps": {}},
    free=_is_free,
    rules=flow_faults,
)
