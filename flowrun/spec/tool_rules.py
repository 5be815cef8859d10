"""Rules of a declared tool: its name, its environment, and when it may run again."""

from collections.abc import Iterator, Mapping

from flowrun.spec.control_rules import retry_faults
from flowrun.spec.durations import limit_faults
from flowrun.spec.grammar import Fault
from flowrun.spec.plain import Plain
from flowrun.spec.spans import DocPath

LONGEST_NAME = 64
"""Of a function, for the endpoints that models are at."""

RUNS_AGAIN = ("repeatable", "keyed")
"""Effects of tools that another call of theirs does not double."""
MAY_BE_UNKNOWN = ("at_most_once", "probe")
"""Effects of tools of which a crash may hide whether a call happened."""

_DEFAULT_EFFECT = "at_most_once"


def tool_faults(path: DocPath, tool: Mapping[str, Plain]) -> Iterator[Fault]:
    """Yield what is wrong with one tool beyond its kind and the types of its keys."""
    noun = f"tool `{path[-1]}`"
    yield from limit_faults((*path, "timeout"), tool.get("timeout"), f"`timeout` of {noun}")
    if "python" in tool:
        yield from _own_environment((*path, "env"), tool.get("env"), noun)
    yield from _retry(path, tool, noun)
    effect = tool.get("effect", _DEFAULT_EFFECT)
    if isinstance(effect, str) and effect in (*RUNS_AGAIN, *MAY_BE_UNKNOWN):
        yield from _effect_faults(path, tool, noun, effect)


def tool_name_faults(path: DocPath) -> Iterator[Fault]:
    """Yield a fault when a model could not be told of a tool of that name."""
    length = len(str(path[-1]))
    if length > LONGEST_NAME:
        yield Fault(
            path=path,
            code="bind/bad-name",
            message=f"the name of a tool must be at most {LONGEST_NAME} characters long, "
            f"found {length}",
            at="key",
            hint="choose a shorter name; models are told of it",
            loses=path,
        )


def _own_environment(path: DocPath, env: Plain, noun: str) -> Iterator[Fault]:
    """A Python function runs inside flowrun: it can need a variable, and cannot be given one."""
    for name, value in env.items() if isinstance(env, dict) else ():
        reference = f"${{secret:{name}}}"
        if isinstance(value, str) and value != reference:
            yield Fault(
                path=(*path, name),
                code="bind/wrong-value",
                message=f"`env.{name}` of {noun} must be `{reference}`, found another text",
                label="a Python function sees flowrun's own environment",
                hint=f"write `env: [{name}]` and set `{name}` for flowrun itself",
                loses=path,
            )


def _retry(path: DocPath, tool: Mapping[str, Plain], noun: str) -> Iterator[Fault]:
    where = (*path, "retry")
    retry = tool.get("retry")
    yield from retry_faults(where, retry, f"`retry` of {noun}")
    if isinstance(retry, dict) and "on" in retry:
        yield Fault(
            path=(*where, "on"),
            code="bind/unknown-key",
            message=f"`retry` of {noun} has no key `on`",
            at="key",
            label="not for a tool",
            hint="remove it; a tool's call that failed has failed, whatever the reason",
            loses=(*where, "on"),
        )


def _effect_faults(
    path: DocPath, tool: Mapping[str, Plain], noun: str, effect: str
) -> Iterator[Fault]:
    """The keys that say what happens after a crash, or a failure, go with the effect."""
    if "retry" in tool and effect not in RUNS_AGAIN:
        yield Fault(
            path=(*path, "retry"),
            code="tool/retry-effect",
            message=f"{noun} must be `repeatable` or `keyed` to be tried again, found `{effect}`",
            at="key",
            label="a call that failed may have had its effect",
            hint="write `effect: repeatable` if another call does no harm, or remove `retry`",
            loses=(*path, "retry"),
        )
    if "on_unknown" in tool and effect not in MAY_BE_UNKNOWN:
        hint = "remove it; after a crash the tool runs again"
        yield _misplaced(path, "on_unknown", effect, noun, hint)
    if "probe" in tool and effect != "probe":
        yield _misplaced(path, "probe", effect, noun, "write `effect: probe`, or remove it")
    if "probe" not in tool and effect == "probe":
        yield Fault(
            path=path,
            code="bind/missing-key",
            message=f"{noun} has `effect: probe` and must have a key `probe`, found none",
            at="opening",
            label="`probe` is missing",
            about="probe",
            hint="add `probe: TOOL`, the tool that tells whether it happened",
            loses=path,
        )


def _misplaced(path: DocPath, key: str, effect: str, noun: str, hint: str) -> Fault:
    return Fault(
        path=(*path, key),
        code="bind/unknown-key",
        message=f"{noun} has `effect: {effect}` and no key `{key}`",
        at="key",
        label=f"not for `{effect}`",
        hint=hint,
        loses=(*path, key),
    )
