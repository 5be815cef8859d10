"""Every declared tool can be called: its function, program, parameters and folder are sound."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from flowrun.expression.template import is_template
from flowrun.graph import parameters
from flowrun.graph.flowgraph import FlowGraph
from flowrun.source.diagnostic import Diagnostic, Label
from flowrun.spec.flow import Tool
from flowrun.spec.spans import DocPath

if TYPE_CHECKING:
    from flowrun.spec.signature import SignatureProblem


def check_functions(graph: FlowGraph) -> Iterator[Diagnostic]:
    """A Python tool's module is there, and its function can be called by a model."""
    for name, tool in graph.flow.tools.items():
        if tool.python is None:
            continue
        module, _, function = tool.python.partition(":")
        problem = graph.tools[name].problem
        if module.partition(".")[0] in sys.builtin_module_names:
            yield _not_ours(graph, name, module)
        elif module not in graph.surroundings.modules:
            yield _no_module(graph, name, module)
        elif problem is not None:
            yield _bad_function(graph, name, f"{module}:{function}", problem)


def check_programs(graph: FlowGraph) -> Iterator[Diagnostic]:
    """A shell tool begins with a program that is there."""
    for name, tool in graph.flow.tools.items():
        yield from _unspeakable(graph, name, tool)
        if tool.script is not None and "sh" not in graph.surroundings.programs:
            yield Diagnostic(
                code="tool/program-not-found",
                message="program `sh` is not there, which runs scripts",
                span=graph.spans.key(("tools", name, "script")),
                hint=_program_hint("sh"),
            )
        if not tool.shell:
            continue
        program = tool.shell[0]
        span = graph.spans.value(("tools", name, "shell", 0))
        if is_template(program):
            yield Diagnostic(
                code="template/forbidden",
                message="the program of `shell` must be a plain name, found a template",
                span=span,
                label="a program is not filled in",
                hint="write the program's name; only its arguments are filled in",
            )
        elif program not in graph.surroundings.programs:
            yield Diagnostic(
                code="tool/program-not-found",
                message=f"program `{program}` is not there",
                span=span,
                label="not found",
                hint=_program_hint(program),
            )


def _unspeakable(graph: FlowGraph, name: str, tool: Tool) -> Iterator[Diagnostic]:
    """What a program is given can hold every character but one."""
    given: list[tuple[DocPath, str]] = [
        (("shell", number), one) for number, one in enumerate(tool.shell or ())
    ]
    given.append((("script",), tool.script or ""))
    if isinstance(tool.env, Mapping):
        given += [(("env", key), one) for key, one in tool.env.items()]
    for path, text in given:
        if "\0" in text:
            yield Diagnostic(
                code="bind/wrong-value",
                message=f"`{path[0]}` of tool `{name}` must be free of the character U+0000, "
                "which no program can be given",
                span=graph.spans.value(("tools", name, *path)),
                hint="take the character away",
            )


def check_parameters(graph: FlowGraph) -> Iterator[Diagnostic]:
    """`parameters` names parameters and gives each a schema."""
    for name, tool in graph.flow.tools.items():
        for fault in parameters.faults(tool.parameters or {}):
            path = ("tools", name, "parameters", *fault.path)
            find = graph.spans.key if fault.at_key else graph.spans.value
            yield Diagnostic(
                code="tool/parameters", message=fault.message, span=find(path), hint=fault.hint
            )
        yield from _variables(graph, name, tool)


def check_folders(graph: FlowGraph) -> Iterator[Diagnostic]:
    """A tool's folder is there, and inside the project."""
    for name, tool in graph.flow.tools.items():
        if not _is_inside(tool.cwd):
            yield Diagnostic(
                code="tool/cwd",
                message=f"`cwd` of tool `{name}` must be inside the project, found `{tool.cwd}`",
                span=graph.spans.value(("tools", name, "cwd")),
                hint="write a path from the project's folder, such as `scripts`",
            )
        elif tool.cwd in graph.surroundings.missing_folders and not is_template(tool.cwd):
            yield Diagnostic(
                code="tool/cwd",
                message=f"`cwd` of tool `{name}` must be a folder, found none at `{tool.cwd}`",
                span=graph.spans.value(("tools", name, "cwd")),
                label="not a folder",
                hint="make the folder, or correct the path; it begins at the project's root",
            )


def _not_ours(graph: FlowGraph, name: str, module: str) -> Diagnostic:
    return Diagnostic(
        code="tool/unknown-module",
        message=f"`{module}` is a module of Python itself, which comes before any file",
        span=graph.spans.value(("tools", name, "python")),
        hint="give the file another name",
    )


def _no_module(graph: FlowGraph, name: str, module: str) -> Diagnostic:
    file = module.replace(".", "/") + ".py"
    return Diagnostic(
        code="tool/unknown-module",
        message=f"no Python module `{module}` for tool `{name}`",
        span=graph.spans.value(("tools", name, "python")),
        label="not found",
        hint=f"put `{file}` beside the flow, or name its folder under `tool_paths:`",
    )


def _bad_function(
    graph: FlowGraph, name: str, python: str, problem: "SignatureProblem"
) -> Diagnostic:
    is_unknown = problem.kind == "unknown-function"
    related = (Label(problem.span, "here"),) if problem.span is not None else ()
    return Diagnostic(
        code="tool/unknown-function" if is_unknown else "tool/signature",
        message=problem.message,
        span=graph.spans.value(("tools", name, "python")),
        label="not found" if is_unknown else f"`{python}` cannot be a tool",
        hint=problem.hint,
        related=related,
    )


def _program_hint(program: str) -> str:
    if " " in program:
        return "give the program and each argument an item of their own"
    if "/" in program:
        return "write a path from `cwd` to a file that can be run"
    return f"install `{program}`, or correct `PATH`"


def _variables(graph: FlowGraph, name: str, tool: Tool) -> Iterator[Diagnostic]:
    """Two parameters of a script must not be the same environment variable."""
    if tool.script is None or not tool.parameters:
        return
    below = ("properties",) if parameters.is_long(tool.parameters) else ()
    first: dict[str, str] = {}
    for one in parameters.names(tool.parameters):
        variable = f"ARG_{one}".upper()
        other = first.setdefault(variable, one)
        if other != one:
            yield Diagnostic(
                code="tool/parameters",
                message=f"parameters `{other}` and `{one}` would both be `{variable}`",
                span=graph.spans.key(("tools", name, "parameters", *below, one)),
                hint="rename one of them",
            )


def _is_inside(folder: str) -> bool:
    path = PurePosixPath(folder)
    if path.is_absolute() or folder.startswith("~") or "\\" in folder:
        return False
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return False
    return True
