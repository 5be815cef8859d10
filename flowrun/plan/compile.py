"""Turn a flow graph into an execution plan: the last stage that may refuse a flow.

What it returns is complete: it can be run without the graph, the declarations or their file. It
holds no path of this machine and nothing of its environment, so the same flow has the same digest
everywhere.
"""

from collections.abc import Mapping

from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.parameters import expand
from flowrun.graph.surroundings import ModelAlias, SubFlow
from flowrun.ids import JsonObject, JsonValue, digest, duration_s
from flowrun.plan.plan import (
    Action,
    AskAction,
    AssistantAction,
    ExecutionPlan,
    FlowAction,
    PlannedAssistant,
    PlannedForeach,
    PlannedLimits,
    PlannedPrices,
    PlannedRepeat,
    PlannedRetry,
    PlannedStep,
    PlannedThread,
    PlannedTool,
    SetAction,
    ToolAction,
)
from flowrun.source.diagnostic import Diagnostic
from flowrun.spec.flow import (
    Ask,
    Assistant,
    Limits,
    Retry,
    RunOptions,
    Step,
    Tool,
    TruncationStrategy,
)
from flowrun.spec.project import Prices

_NO_ARGUMENTS: JsonObject = {
    "type": "object",
    "properties": {},
    "required": [],
    "additionalProperties": False,
}


def compile_plan(
    graph: FlowGraph, plans: Mapping[str, ExecutionPlan] | None = None
) -> tuple[ExecutionPlan | None, tuple[Diagnostic, ...]]:
    """Compile a graph that has passed its checks.

    Steps are numbered in the graph's order, so the same flow always has the same numbers.

    Args:
        graph: Without errors.
        plans: Of its sub-flows, by the path of their files from the project root.

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
        steps=_steps(graph, plans or {}),
        outputs=tuple(flow.outputs.items()),
        limits=_limits(flow.limits),
    )
    return plan, ()


def _steps(graph: FlowGraph, plans: Mapping[str, ExecutionPlan]) -> tuple[PlannedStep, ...]:
    number = {name: index for index, name in enumerate(graph.order, 1)}
    return tuple(_step(graph, plans, name, number) for name in graph.order)


def _step(
    graph: FlowGraph, plans: Mapping[str, ExecutionPlan], name: str, number: Mapping[str, int]
) -> PlannedStep:
    step = graph.flow.steps[name]
    edges = graph.edges[name]
    needs = {edge.before for edge in edges if edge.reason != "thread"}
    after = {edge.before for edge in edges if edge.reason == "thread"} - needs
    return PlannedStep(
        name=name,
        number=number[name],
        lane=graph.lanes[name],
        needs=tuple(sorted(needs, key=number.__getitem__)),
        after=tuple(sorted(after, key=number.__getitem__)),
        action=_action(graph, plans, step),
        on_error=step.on_error,
        join=step.join,
        condition=_condition(step),
        foreach=_foreach(step),
        repeat=_repeat(step),
        retry=_retry(step.retry),
        timeout_s=_seconds(step.timeout),
    )


def _action(graph: FlowGraph, plans: Mapping[str, ExecutionPlan], step: Step) -> Action:
    if step.tool is not None:
        return ToolAction(tool=step.tool, arguments=step.with_ or {})
    if step.flow is not None:
        flow = graph.surroundings.flows[step.flow]
        assert isinstance(flow, SubFlow), "the checks let a flow pass that cannot be run"
        return FlowAction(path=flow.path, plan=plans[flow.path], inputs=step.with_ or {})
    if step.ask is not None:
        return AskAction(message=step.ask.message, schema=_form(step.ask))
    if step.set_ is not None:
        return SetAction(values=step.set_)
    return AssistantAction(
        assistant=step.assistant or "",
        thread=step.thread,
        message=step.message or "",
        overrides=_run_options(step),
    )


def _form(ask: Ask) -> JsonObject | None:
    return None if ask.schema_ is None else expand(ask.schema_)


def _condition(step: Step) -> str:
    if isinstance(step.if_, bool):
        return "true" if step.if_ else "false"
    return step.if_ or ""


def _foreach(step: Step) -> PlannedForeach | None:
    if step.foreach is None:
        return None
    if step.thread is not None:  # a thread admits one run at a time
        return PlannedForeach(items=step.foreach, max_parallel=1)
    if step.max_parallel is None:
        return PlannedForeach(items=step.foreach)
    return PlannedForeach(items=step.foreach, max_parallel=step.max_parallel)


def _repeat(step: Step) -> PlannedRepeat | None:
    if step.repeat is None:
        return None
    return PlannedRepeat(until=step.repeat.until, max=step.repeat.max)


def _retry(retry: Retry | None) -> PlannedRetry | None:
    if retry is None:
        return None
    return PlannedRetry(
        attempts=retry.attempts,
        delay_s=duration_s(retry.delay),
        backoff=retry.backoff,
        max_delay_s=duration_s(retry.max_delay),
        on=tuple(retry.on),
    )


def _limits(limits: Limits) -> PlannedLimits:
    return PlannedLimits(
        max_tokens=limits.max_tokens,
        max_cost_usd=limits.max_cost_usd,
        max_tool_rounds=limits.max_tool_rounds,
        max_parallel=limits.max_parallel,
        timeout_s=_seconds(limits.timeout),
    )


def _seconds(written: str | None) -> float | None:
    return None if written is None else duration_s(written)


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
    alias = graph.surroundings.aliases.get(one.model) or ModelAlias(one.model)
    return PlannedAssistant(
        name=name,
        model=alias.model,
        endpoint=one.endpoint or alias.endpoint,
        prices=_prices(alias.prices),
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


def _prices(prices: Prices | None) -> PlannedPrices | None:
    if prices is None:
        return None
    return PlannedPrices(input=prices.input, output=prices.output, cached_input=prices.cached_input)


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
        effect=tool.effect,
        probe=tool.probe or "",
        on_unknown=tool.on_unknown,
        approval=tool.approval,
        retry=_retry(tool.retry),
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
