"""Runs the tools of one plan on this machine."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from flowrun.errors import name_list
from flowrun.ids import JsonObject
from flowrun.plan.plan import PlannedTool
from flowrun.ports.tools import ToolFailed, ToolInvocation, ToolOutcome, ToolProblem, ToolSucceeded
from flowrun.tools.arguments import ArgumentSchema, CannotLoad, DoesNotFit
from flowrun.tools.environment import Surroundings
from flowrun.tools.modules import ProjectModules
from flowrun.tools.python_tool import Workshop, load_python_tool
from flowrun.tools.redaction import Redactor
from flowrun.tools.script_tool import load_script_tool
from flowrun.tools.shell_tool import load_shell_tool


class LoadedTool(Protocol):
    """A tool that is ready to be called."""

    async def call(self, arguments: JsonObject, invocation: ToolInvocation) -> ToolOutcome:
        """Run it.

        Raises:
            DoesNotFit: the arguments are not what it takes.
        """
        ...


class LocalToolRunner:
    """The tools of one plan, all of them loaded. It implements `ports.tools.ToolRunner`."""

    def __init__(self, tools: Mapping[str, LoadedTool], workshop: Workshop) -> None:
        """Use `load_tools`."""
        self._tools = tools
        self._workshop = workshop
        self._redactor = workshop.surroundings.redactor

    async def run(
        self, tool: str, arguments: JsonObject, invocation: ToolInvocation
    ) -> ToolOutcome:
        """Validate the arguments and run the tool; every failure is an outcome.

        Only cancellation is raised, after the tool's processes are gone.
        """
        loaded = self._tools.get(tool)
        if loaded is None:
            return self._masked(ToolFailed(kind="unknown_tool", message=self._unknown(tool)))
        try:
            outcome = await loaded.call(arguments, invocation)
        except DoesNotFit as problem:
            message = f"arguments of `{tool}` do not fit: {problem}"
            outcome = ToolFailed(kind="bad_arguments", message=message)
        return outcome if self._redactor.is_empty else self._masked(outcome)

    def close(self) -> None:
        """Let go of threads and modules; calls still at work are not waited for."""
        self._workshop.threads.close()
        self._workshop.modules.close()

    def _unknown(self, tool: str) -> str:
        known = f"known: {name_list(sorted(self._tools))}" if self._tools else "there are none"
        return f"no tool `{tool}`; {known}"

    def _masked(self, outcome: ToolOutcome) -> ToolOutcome:
        value = self._redactor.value(outcome.value)
        if isinstance(outcome, ToolSucceeded):
            return ToolSucceeded(value=value, text=self._redactor.text(outcome.text))
        message = self._redactor.text(outcome.message)
        return ToolFailed(kind=outcome.kind, message=message, value=value)


def load_tools(
    tools: Sequence[PlannedTool],
    *,
    root: Path,
    flow_dir: Path,
    tool_paths: Sequence[Path],
    environment: Mapping[str, str],
    secrets: Callable[[str], str],
) -> LocalToolRunner | tuple[ToolProblem, ...]:
    """Load every tool, or say of each that cannot be loaded why.

    Python modules are executed here. Programs, folders, variables and secrets must be there.

    Args:
        tools: All tools of a plan.
        root: The project.
        flow_dir: The folder of the flow's file; relative to the project, as `tool_paths` are.
        tool_paths: Further folders to find Python modules in.
        environment: flowrun's own environment.
        secrets: Returns a secret's value; raises `FlowrunError` or `LookupError` without one.
    """
    root = root.resolve()
    surroundings = Surroundings(
        root=root, environment=environment, secrets=secrets, redactor=Redactor()
    )
    folders = [root / flow_dir, root, *(root / path for path in tool_paths)]
    workshop = Workshop(modules=ProjectModules(folders, _digests(tools)), surroundings=surroundings)
    loaded: dict[str, LoadedTool] = {}
    problems: list[ToolProblem] = []
    for tool in tools:
        try:
            loaded[tool.name] = _LOADERS[tool.kind](tool, ArgumentSchema(tool.parameters), workshop)
        except CannotLoad as problem:
            problems.append(ToolProblem(tool.name, surroundings.redactor.text(str(problem))))
    runner = LocalToolRunner(loaded, workshop)
    if not problems:
        return runner
    runner.close()
    return tuple(problems)


_LOADERS: Mapping[str, Callable[[PlannedTool, ArgumentSchema, Workshop], LoadedTool]] = {
    "python": load_python_tool,
    "shell": lambda tool, schema, at: load_shell_tool(tool, schema, at.surroundings),
    "script": lambda tool, schema, at: load_script_tool(tool, schema, at.surroundings),
}


def _digests(tools: Sequence[PlannedTool]) -> dict[str, str]:
    return {
        tool.entrypoint.partition(":")[0]: tool.source_digest
        for tool in tools
        if tool.kind == "python"
    }
