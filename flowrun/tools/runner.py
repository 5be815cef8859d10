"""Runs the tools of a plan, and of the flows below it, on this machine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Protocol

from flowrun.errors import name_list
from flowrun.ids import JsonObject
from flowrun.plan.plan import ExecutionPlan, FlowAction, PlannedTool
from flowrun.ports.tools import ToolFailed, ToolInvocation, ToolOutcome, ToolProblem, ToolSucceeded
from flowrun.tools.arguments import ArgumentSchema, CannotLoad, DoesNotFit
from flowrun.tools.environment import Surroundings
from flowrun.tools.modules import ProjectModules
from flowrun.tools.orphans import end_orphans
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

    def __init__(
        self,
        tools: Mapping[str, LoadedTool],
        workshop: Workshop,
        subflows: Mapping[str, "LocalToolRunner"],
    ) -> None:
        """Use `load_all_tools`, or `load_tools` for a plan without sub-flows."""
        self._tools = tools
        self._subflows = subflows
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

    def of(self, flow: str) -> "LocalToolRunner":
        """Return the tools of a sub-flow, by the path of its file."""
        return self._subflows[flow]

    async def end_orphans(self, run_id: str) -> int:
        """Kill what an earlier life's programs of this run left, wait until it is gone, count it.

        Raises:
            OrphansSurvive: some do not go away.
        """
        return await end_orphans(run_id, self._workshop.surroundings.root)

    def close(self) -> None:
        """Let go of threads and modules, sub-flows' too; calls at work are not waited for."""
        self._workshop.threads.close()
        self._workshop.modules.close()
        for runner in self._subflows.values():
            runner.close()

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
    """Load every tool, or say of each that cannot be loaded why; sub-flows are left out.

    Python modules are executed here. Programs, folders, variables and secrets must be there.

    Args:
        tools: All tools of a plan.
        root: The project.
        flow_dir: The folder of the flow's file; relative to the project, as `tool_paths` are.
        tool_paths: Further folders to find Python modules in.
        environment: flowrun's own environment.
        secrets: Returns a secret's value; raises `FlowrunError` or `LookupError` without one.
    """
    flow = _Flow(ExecutionPlan(flow="", tools=tuple(tools)), "", flow_dir)
    surroundings = _surroundings(root, environment, secrets)
    return _load(flow, _workshops(flow, surroundings, tool_paths))


def load_all_tools(
    plan: ExecutionPlan,
    flow_path: str,
    *,
    root: Path,
    tool_paths: Sequence[Path],
    environment: Mapping[str, str],
    secrets: Callable[[str], str],
) -> LocalToolRunner | tuple[ToolProblem, ...]:
    """Load the tools of a plan and of every flow below it, or say why of each that cannot be.

    What is returned runs the plan's own tools; `of(path)` returns those of a sub-flow, and `close`
    lets go of all. Modules are searched beside the flow that names them; flows of one folder share
    their modules, all flows share threads, and secrets of one are masked in every other.

    Args:
        plan: Sub-flows included, to any depth.
        flow_path: Of the plan's flow file, from the project root.
        root: The project.
        tool_paths: Further folders to find Python modules in, relative to the project.
        environment: flowrun's own environment.
        secrets: Returns a secret's value; raises `FlowrunError` or `LookupError` without one.

    Returns:
        The tools, or all problems, outer flows first; each names the file of its flow.
    """
    flow = _located(plan, flow_path)
    surroundings = _surroundings(root, environment, secrets)
    return _load(flow, _workshops(flow, surroundings, tool_paths))


@dataclass(frozen=True, slots=True)
class _Flow:
    """A flow whose tools are loaded."""

    plan: ExecutionPlan
    path: str
    """Of its file; empty where there is only one flow."""
    folder: Path

    def below(self) -> "Iterator[_Flow]":
        """Yield the sub-flows it has itself."""
        for step in self.plan.steps:
            if isinstance(step.action, FlowAction):
                yield _located(step.action.plan, step.action.path)

    def family(self) -> "Iterator[_Flow]":
        """Yield it and all below it, outer ones first."""
        yield self
        for flow in self.below():
            yield from flow.family()


def _located(plan: ExecutionPlan, path: str) -> _Flow:
    return _Flow(plan, path, Path(PurePosixPath(path).parent))


def _surroundings(
    root: Path, environment: Mapping[str, str], secrets: Callable[[str], str]
) -> Surroundings:
    return Surroundings(
        root=root.resolve(), environment=environment, secrets=secrets, redactor=Redactor()
    )


def _workshops(
    flow: _Flow, surroundings: Surroundings, tool_paths: Sequence[Path]
) -> dict[str, Workshop]:
    """Return where each flow of the family is loaded, by its path.

    Flows of one folder share their modules, unless they were checked with different sources.
    """
    root = surroundings.root
    digests: list[tuple[Path, dict[str, str], list[str]]] = []
    for one in {one.path: one for one in flow.family()}.values():
        _join(digests, one)
    workshop: Workshop | None = None
    found: dict[str, Workshop] = {}
    for folder, agreed, paths in digests:
        folders = [root / folder, root, *(root / path for path in tool_paths)]
        modules = ProjectModules(folders, agreed)
        if workshop is None:
            workshop = Workshop(modules=modules, surroundings=surroundings)
        else:  # threads are shared, too
            workshop = replace(workshop, modules=modules)
        found |= dict.fromkeys(paths, workshop)
    return found


def _join(groups: list[tuple[Path, dict[str, str], list[str]]], flow: _Flow) -> None:
    """Put a flow with those of its folder that mean the same sources."""
    digests = _digests(flow.plan.tools)
    for folder, agreed, paths in groups:
        if folder == flow.folder and all(
            agreed.get(one, its) == its for one, its in digests.items()
        ):
            agreed.update(digests)
            paths.append(flow.path)
            return
    groups.append((flow.folder, digests, [flow.path]))


def _load(
    flow: _Flow, workshops: Mapping[str, Workshop]
) -> LocalToolRunner | tuple[ToolProblem, ...]:
    problems: list[ToolProblem] = []
    runner = _runner(flow, workshops, {}, problems)
    if not problems:
        return runner
    runner.close()
    return tuple(problems)


def _runner(
    flow: _Flow,
    workshops: Mapping[str, Workshop],
    known: dict[str, LocalToolRunner],
    problems: list[ToolProblem],
) -> LocalToolRunner:
    """Load a flow's tools and those below it, each flow once; problems are added to the list."""
    if flow.path in known:
        return known[flow.path]
    workshop = workshops[flow.path]
    loaded: dict[str, LoadedTool] = {}
    for tool in flow.plan.tools:
        try:
            loaded[tool.name] = _LOADERS[tool.kind](tool, ArgumentSchema(tool.parameters), workshop)
        except CannotLoad as problem:
            message = workshop.surroundings.redactor.text(str(problem))
            problems.append(ToolProblem(tool.name, message, flow.path))
    subflows = {one.path: _runner(one, workshops, known, problems) for one in flow.below()}
    known[flow.path] = runner = LocalToolRunner(loaded, workshop, subflows)
    return runner


_LOADERS: Mapping[str, Callable[[PlannedTool, ArgumentSchema, Workshop], LoadedTool]] = {
    "python": load_python_tool,
    "shell": lambda tool, schema, at: load_shell_tool(tool, schema, at.surroundings),
    "script": lambda tool, schema, at: load_script_tool(tool, schema, at.surroundings),
}


def _digests(tools: Sequence[PlannedTool]) -> dict[str, str]:
    return {
        tool.entrypoint.partition(":")[0]: tool.source_digest
        for tool in tools
        if tool.kind == "python" and tool.source_digest
    }
