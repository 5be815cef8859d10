"""Tools that are a few lines for `sh`. The text is never filled in: values arrive beside it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from flowrun.ids import JsonObject, JsonValue
from flowrun.plan.plan import PlannedTool
from flowrun.ports.tools import ToolInvocation, ToolOutcome
from flowrun.tools.arguments import ArgumentSchema, CannotLoad, DoesNotFit
from flowrun.tools.environment import Surroundings
from flowrun.tools.program import Program, clean, load_program

VARIABLE_MAX = 131_000
"""Bytes of one variable; Linux takes no string beyond 128 KiB. Longer values are on stdin only."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptTool:
    """A loaded script."""

    schema: ArgumentSchema
    program: Program
    argv: tuple[str, ...]

    async def call(self, arguments: JsonObject, invocation: ToolInvocation) -> ToolOutcome:
        """Run the script: arguments as `ARG_NAME` and, all of them, as JSON on standard input.

        Raises:
            DoesNotFit: an argument is not admitted, or cannot be a variable.
        """
        complete = self.schema.complete(arguments)
        return await self.program.run(
            self.argv,
            invocation,
            extra=_variables(complete),
            stdin=_as_bytes(complete),
        )


def load_script_tool(
    tool: PlannedTool, schema: ArgumentSchema, surroundings: Surroundings
) -> ScriptTool:
    """Resolve `sh`.

    Raises:
        CannotLoad: there is no `sh`, or the script cannot be handed to it.
    """
    if "\0" in tool.script or len(tool.script.encode("utf-8", "replace")) > VARIABLE_MAX:
        message = f"`script` must be text of at most {VARIABLE_MAX} bytes without NUL characters"
        raise CannotLoad(message)
    # A text that begins with a dash would be read as options; a space before it changes no line.
    text = f" {tool.script}" if tool.script[:1] in {"-", "+"} else tool.script
    return ScriptTool(
        schema=schema,
        program=load_program(tool, "sh", surroundings),
        argv=("sh", "-eu", "-c", text, tool.name),
    )


def _variables(arguments: Mapping[str, JsonValue]) -> dict[str, str]:
    variables: dict[str, str] = {}
    origins: dict[str, str] = {}
    for name, value in arguments.items():
        variable = "ARG_" + _NOT_IN_NAMES.sub("_", name).upper()
        if variable in origins:
            message = f"arguments `{origins[variable]}` and `{name}` would both be `{variable}`"
            raise DoesNotFit(message)
        origins[variable] = name
        text = clean(name, value if isinstance(value, str) else _as_json(value))
        if len(text.encode()) <= VARIABLE_MAX:
            variables[variable] = text
    return variables


def _as_bytes(arguments: JsonValue) -> bytes:
    try:
        return _as_json(arguments).encode()
    except UnicodeEncodeError as error:
        message = "the arguments are not valid Unicode text"
        raise DoesNotFit(message) from error


def _as_json(value: JsonValue) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        message = "an argument is nested too deeply, or is a number that JSON does not have"
    raise DoesNotFit(message)
