"""What tools see of the environment: a short list, and what their author declared."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flowrun.errors import FlowrunError
from flowrun.plan.plan import PlannedTool
from flowrun.tools.arguments import CannotLoad
from flowrun.tools.redaction import Redactor

PASSED_ON = ("PATH", "HOME", "LANG")
"""All of flowrun's environment that a program sees unasked."""

_REFERENCE = re.compile(r"\$\{(env|secret):([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the tools of one plan are given to run in."""

    root: Path
    """The project, symbolic links resolved."""
    environment: Mapping[str, str]
    """flowrun's own."""
    secrets: Callable[[str], str]
    redactor: Redactor


def base_environment(surroundings: Surroundings) -> dict[str, str]:
    """Return what every program sees."""
    given = surroundings.environment
    return {name: given[name] for name in PASSED_ON if name in given}


def declared_environment(tool: PlannedTool, surroundings: Surroundings) -> dict[str, str]:
    """Return a tool's `env`, references resolved; the redactor learns its secrets.

    Raises:
        CannotLoad: a variable is not set, a secret is not there, or the system takes neither.
    """
    declared = {name: _filled(value, surroundings) for name, value in tool.env}
    for name, value in declared.items():
        if not name or "=" in name or "\0" in name or "\0" in value:
            message = f"`env` has a name or a value that the system does not take: `{name!r}`"
            raise CannotLoad(message)
    return declared


def _filled(value: str, surroundings: Surroundings) -> str:
    def fill(reference: "re.Match[str]") -> str:
        kind, name = reference.groups()
        return _secret(name, surroundings) if kind == "secret" else _variable(name, surroundings)

    return _REFERENCE.sub(fill, value)


def _variable(name: str, surroundings: Surroundings) -> str:
    try:
        return surroundings.environment[name]
    except KeyError as error:
        message = f"environment variable `{name}` is not set"
        raise CannotLoad(message) from error


def _secret(name: str, surroundings: Surroundings) -> str:
    try:
        secret = surroundings.secrets(name)
    except (FlowrunError, LookupError, OSError) as error:
        message = f"secret `{name}` is not there"
        raise CannotLoad(message) from error
    surroundings.redactor.add(secret)
    return secret
