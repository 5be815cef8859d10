"""Tools that are a program and its arguments. No shell ever sees a value.

Each item of the list is one argument, whatever its template is filled with. What templates cannot
protect from is a program that takes a value for an option, so a value may not begin an argument
with `-` unless the author wrote `--` before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flowrun.expression.template import (
    ExpressionFailed,
    Template,
    compile_template,
    is_template,
)
from flowrun.ids import JsonObject, canonical_json
from flowrun.plan.plan import PlannedTool
from flowrun.ports.tools import ToolInvocation, ToolOutcome
from flowrun.tools.arguments import ArgumentSchema, CannotLoad, DoesNotFit
from flowrun.tools.environment import Surroundings
from flowrun.tools.program import Program, clean, load_program


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of argv."""

    text: str
    template: Template | None
    """None for a literal."""
    is_guarded: bool
    """A literal `--` stands before it."""

    def rendered(self, scope: JsonObject) -> str:
        if self.template is None:
            return self.text
        try:
            value = self.template.evaluate(scope)
        except ExpressionFailed as error:
            raise DoesNotFit(str(error)) from error
        said = clean(self.text, value if isinstance(value, str) else canonical_json(value))
        if said.startswith("-") and not self.text.startswith("-") and not self.is_guarded:
            message = f"`{said[:40]}` would be taken for an option; a value may not begin with `-`"
            raise DoesNotFit(message)
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellTool:
    """A loaded shell tool."""

    schema: ArgumentSchema
    program: Program
    items: tuple[_Item, ...]

    async def call(self, arguments: JsonObject, invocation: ToolInvocation) -> ToolOutcome:
        """Run the program with the arguments filled in.

        Raises:
            DoesNotFit: an argument is not admitted, or cannot be passed to a program safely.
        """
        scope = {"args": self.schema.complete(arguments)}
        argv = [item.rendered(scope) for item in self.items]
        return await self.program.run(argv, invocation)


def load_shell_tool(
    tool: PlannedTool, schema: ArgumentSchema, surroundings: Surroundings
) -> ShellTool:
    """Resolve the program and compile the arguments.

    Raises:
        CannotLoad: the program is not there, or the list is not what it must be.
    """
    if not tool.argv or is_template(tool.argv[0]) or not tool.argv[0]:
        message = "`shell` must begin with the name of a program, not with a template"
        raise CannotLoad(message)
    if any("\0" in text for text in tool.argv):
        message = "`shell` holds a NUL character, which no program can be given"
        raise CannotLoad(message)
    return ShellTool(
        schema=schema,
        program=load_program(tool, tool.argv[0], surroundings),
        items=_items(tool.argv),
    )


def _items(argv: Sequence[str]) -> tuple[_Item, ...]:
    guarded = False
    items: list[_Item] = []
    for text in argv:
        items.append(_Item(text, _compiled(text), guarded))
        guarded = guarded or (text == "--" and len(items) > 1)
    return tuple(items)


def _compiled(text: str) -> Template | None:
    try:
        return compile_template(text) if is_template(text) else None
    except ExpressionFailed as error:
        raise CannotLoad(str(error)) from error
