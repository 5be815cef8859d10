"""Every name that a definition mentions is one that exists."""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from flowrun.graph.complaints import near
from flowrun.graph.flowgraph import FlowGraph
from flowrun.ids import JsonValue
from flowrun.source.diagnostic import Diagnostic, Label
from flowrun.spec.flow import BUILT_IN_TOOLS
from flowrun.spec.spans import DocPath

Noun = Literal["step", "assistant", "tool", "thread"]


def check_needs(graph: FlowGraph) -> Iterator[Diagnostic]:
    """Steps in `needs` exist."""
    for name, step in graph.flow.steps.items():
        for number, need in enumerate(step.needs):
            if need not in graph.flow.steps:
                yield from _unknown(graph, "step", need, ("steps", name, "needs", number))


def check_step_names(graph: FlowGraph) -> Iterator[Diagnostic]:
    """A step's assistant, thread and tool exist."""
    flow = graph.flow
    for name, step in flow.steps.items():
        if step.assistant is not None and step.assistant not in flow.assistants:
            yield from _unknown(graph, "assistant", step.assistant, ("steps", name, "assistant"))
        if step.thread is not None and step.thread not in flow.threads:
            yield from _unknown(graph, "thread", step.thread, ("steps", name, "thread"))
        if step.tool is not None and step.tool not in flow.tools:
            path: DocPath = ("steps", name, "tool")
            if step.tool in BUILT_IN_TOOLS:
                yield _not_a_step(graph, step.tool, path)
            else:
                yield from _unknown(graph, "tool", step.tool, path)


def check_assistant_tools(graph: FlowGraph) -> Iterator[Diagnostic]:
    """An assistant's tools exist, and are available."""
    for name, assistant in graph.flow.assistants.items():
        for number, tool in enumerate(assistant.tools):
            path: DocPath = ("assistants", name, "tools", number)
            if tool in graph.flow.tools:
                continue
            if tool in BUILT_IN_TOOLS:
                yield _not_yet(graph, path, f"the built-in tool `{tool}`", "remove it for now")
            else:
                yield from _unknown(graph, "tool", tool, path)


def check_tool_choices(graph: FlowGraph) -> Iterator[Diagnostic]:
    """A tool that is to be chosen is one that the assistant has."""
    flow = graph.flow
    for name, assistant in flow.assistants.items():
        path: DocPath = ("assistants", name, "tool_choice")
        yield from _choice(graph, path, name, assistant.tool_choice)
    for name, step in flow.steps.items():
        if step.assistant in flow.assistants:
            path = ("steps", name, "tool_choice")
            yield from _choice(graph, path, step.assistant or "", step.tool_choice)


def check_endpoints(graph: FlowGraph) -> Iterator[Diagnostic]:
    """An assistant's endpoint, or that of its model's alias, is one of the project's."""
    known = graph.surroundings.endpoints
    for name, assistant in graph.flow.assistants.items():
        alias = graph.surroundings.aliases.get(assistant.model)
        endpoint = alias.endpoint if alias is not None else ""
        if assistant.endpoint is None and endpoint and endpoint not in known:
            yield Diagnostic(
                code="ref/unknown-endpoint",
                message=f"model `{assistant.model}` is at endpoint `{endpoint}`, "
                "which the project does not have",
                span=graph.spans.value(("assistants", name, "model")),
                hint=near(endpoint, known, f"declare `{endpoint}` under `endpoints:`"),
            )
        if assistant.endpoint is not None and assistant.endpoint not in known:
            none = f"declare `{assistant.endpoint}` under `endpoints:` in `flowrun.yaml`"
            yield Diagnostic(
                code="ref/unknown-endpoint",
                message=f"no endpoint `{assistant.endpoint}` in the project",
                span=graph.spans.value(("assistants", name, "endpoint")),
                label="not an endpoint",
                hint=near(assistant.endpoint, known, none),
            )


def check_environment(graph: FlowGraph) -> Iterator[Diagnostic]:
    """Declared environment variables are set."""
    flow = graph.flow
    for number, name in enumerate(flow.env):
        yield from _variable(graph, name, ("env", number))
    for tool_name, tool in flow.tools.items():
        if isinstance(tool.env, list):
            for number, name in enumerate(tool.env):
                yield from _variable(graph, name, ("tools", tool_name, "env", number))


def _unknown(graph: FlowGraph, noun: Noun, name: str, path: DocPath) -> Iterator[Diagnostic]:
    section = f"{noun}s"
    if graph.bound.lost(section, name):
        return
    known: Collection[str] = getattr(graph.flow, section)
    yield Diagnostic(
        code=f"ref/unknown-{noun}",
        message=f"no {noun} `{name}` in this flow",
        span=graph.spans.value(path),
        label=f"not {'an' if noun == 'assistant' else 'a'} {noun}",
        hint=near(name, known, f"declare `{name}` under `{section}:`"),
    )


def _choice(
    graph: FlowGraph, path: DocPath, assistant: str, choice: JsonValue
) -> Iterator[Diagnostic]:
    function = choice.get("function") if isinstance(choice, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(name, str) or graph.bound.lost("tools", name):
        return
    tools = graph.flow.assistants[assistant].tools
    if name not in tools:
        yield Diagnostic(
            code="ref/unknown-tool",
            message=f"no tool `{name}` among those of assistant `{assistant}`",
            span=graph.spans.value((*path, "function", "name")),
            label="not one of its tools",
            hint=near(name, tools, f"add `{name}` to the assistant's `tools`"),
            related=(Label(graph.spans.key(("assistants", assistant)), "this assistant"),),
        )


def _variable(graph: FlowGraph, name: str, path: DocPath) -> Iterator[Diagnostic]:
    if name not in graph.surroundings.environment:
        yield Diagnostic(
            code="env/missing",
            message=f"environment variable `{name}` is not set",
            span=graph.spans.value(path),
            label="not set",
            hint=f"set it before running: `export {name}=...`",
        )


def _not_a_step(graph: FlowGraph, tool: str, path: DocPath) -> Diagnostic:
    return _not_yet(graph, path, f"the built-in tool `{tool}`", "declare a tool under `tools:`")


def _not_yet(graph: FlowGraph, path: DocPath, what: str, hint: str) -> Diagnostic:
    return Diagnostic(
        code="bind/not-available-yet",
        message=f"{what} is not available yet",
        span=graph.spans.value(path),
        label="not available yet",
        hint=hint,
    )
