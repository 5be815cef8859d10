"""Turn a flow graph into an execution plan: the last stage that may refuse a flow.

What it returns is complete: it can be run without the graph, the declarations or their file. It
holds no path of this machine and nothing of its environment, so the same flow has the same digest
everywhere.
"""

from collections.abc import Mapping

from flowrun.graph.flowgraph import FlowGraph
from flowrun.ids import JsonObject, JsonValue, digest, duration_s
from flowrun.plan.plan import (
    AssistantAction,
    ExecutionPlan,
    PlannedAssistant,
    PlannedStep,
    PlannedThread,
    PlannedTool,
    ToolAction,
)
from flowrun.source.diagnostic import Diagnostic
from flowrun.spec.flow import Assistant, RunOptions, Step, Tool, TruncationStrategy

_NO_ARGUMENTS: JsonObject = {
    "type": "object",
    "properties": {},
    "required": [],
    "additionalProperties": False,
}


def compile_plan(graph: FlowGraph) -> tuple[ExecutionPlan | None, tuple[Diagnostic, ...]]:
    """Compile a graph that has passed its checks.

    Steps are numbered in the graph's order, so the same flow always has the same numbers.

    Returns:
        The plan. It is never None and there are no diagnostics: the checks have said everything.
    """
    flow = graph.flow
    plan = ExecutionPlan(
        flow=flow.name,
        inputs=tuple(graph.inputs.items()),
        env=tuple(flow.env),
        tools=tuple(_tool(graph, name, one) for name, one in flow.tools.items()),
        assistants=tuple(_assistant(graph, name, one) for name, one in flow.assistants.items()),
        threads=tuple(
            PlannedThread(name=name, key=one.key or "", metadata=_pairs(one.metadata))
            for name, one in flow.threads.items()
        ),
        steps=_steps(graph),
        outputs=tuple(flow.outputs.items()),
    )
    return plan, ()


def _steps(graph: FlowGraph) -> tuple[PlannedStep, ...]:
    number = {name: index for index, name in enumerate(graph.order, 1)}
    return tuple(
        PlannedStep(
            name=name,
            number=number[name],
            lane=graph.lanes[name],
            needs=tuple(
                sorted({edge.before for edge in graph.edges[name]}, key=number.__getitem__)
            ),
            action=_action(graph.flow.steps[name]),
            on_error=graph.flow.steps[name].on_error,
        )
        for name in graph.order
    )


def _action(step: Step) -> AssistantAction | ToolAction:
    if step.tool is not None:
        return ToolAction(tool=step.tool, arguments=step.with_ or {})
    return AssistantAction(
        assistant=step.assistant or "",
        thread=step.thread,
        message=step.message or "",
        overrides=_run_options(step),
    )


def _run_options(options: RunOptions) -> dict[str, JsonValue]:
    """Return the options that are given, under the names of `PlannedAssistant`."""
    given: dict[str, JsonValue] = {
        "tool_choice": options.tool_choice,
        "parallel_tool_calls": options.parallel_tool_calls,
        "max_prompt_tokens": options.max_prompt_tokens,
        "max_completion_tokens": options.max_completion_tokens,
        "truncation": _truncation(options.truncation),
        "output": options.output,
    }
    return {name: value for name, value in given.items() if value is not None}


def _truncation(strategy: TruncationStrategy | str | None) -> JsonValue:
    if strategy is None:
        return None
    if isinstance(strategy, str):
        return {"type": strategy}
    written: dict[str, JsonValue] = {"type": strategy.type}
    if strategy.last_messages is not None:
        written["last_messages"] = strategy.last_messages
    return written


def _assistant(graph: FlowGraph, name: str, one: Assistant) -> PlannedAssistant:
    model, endpoint = graph.surroundings.aliases.get(one.model, (one.model, ""))
    return PlannedAssistant(
        name=name,
        model=model,
        endpoint=one.endpoint or endpoint,
        instructions=one.instructions or "",
        description=one.description or "",
        tools=tuple(one.tools),
        temperature=one.temperature,
        top_p=one.top_p,
        reasoning_effort=one.reasoning_effort,
        response_format=_response_format(one.response_format),
        metadata=_pairs(one.metadata),
        **_run_options(one),  # type: ignore[arg-type]  # named as the fields are
    )


def _response_format(written: JsonValue) -> JsonValue:
    """Return the format as the Assistants API has it; text is what there is without one."""
    if written is None or written == "text":
        return None
    return {"type": written} if written == "json_object" else written


def _tool(graph: FlowGraph, name: str, tool: Tool) -> PlannedTool:
    known = graph.tools[name]
    return PlannedTool(
        name=name,
        kind=known.kind,
        description=known.description,
        parameters=known.parameters or _NO_ARGUMENTS,
        entrypoint=tool.python or "",
        source_digest=_source_digest(graph, tool),
        argv=tuple(tool.shell or ()),
        script=tool.script or "",
        env=_environment(tool),
        cwd=tool.cwd,
        timeout_s=duration_s(tool.timeout),
        max_output=tool.max_output,
        effect="repeatable" if tool.effect == "repeatable" else "at_most_once",
        on_error=tool.on_error,
        result=known.result,
    )


def _source_digest(graph: FlowGraph, tool: Tool) -> str:
    module = (tool.python or "").partition(":")[0]
    source = graph.surroundings.modules.get(module)
    return digest(source.text) if source is not None else ""


def _environment(tool: Tool) -> tuple[tuple[str, str], ...]:
    """A name alone is passed on; a value is text, with references to secrets kept as they are."""
    if isinstance(tool.env, Mapping):
        return _pairs(tool.env)
    return tuple((name, f"${{env:{name}}}") for name in tool.env)


def _pairs(written: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(written.items())
