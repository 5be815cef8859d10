"""What is done more than once can be: items of a list, tries of a call, calls after a crash."""

from collections.abc import Iterator, Mapping

from flowrun.errors import name_list
from flowrun.expression.template import (
    Analysis,
    ExpressionFailed,
    Reference,
    compile_expression,
)
from flowrun.graph.complaints import near
from flowrun.graph.flowgraph import FlowGraph, PlacedTemplate, ResolvedTool
from flowrun.graph.results import referred, sole_reference
from flowrun.graph.shapes import Lacking, look_up, resolve, type_of, types_of, words_for
from flowrun.graph.surroundings import SubFlow
from flowrun.source.diagnostic import Diagnostic, Label
from flowrun.spec.flow import Tool
from flowrun.spec.wording import clip

_LISTS_OF: Mapping[str, str] = {
    "string": "make a list of it: `{} | lines`, or `{} | split(',')`",
    "object": "say what of it: `{} | keys`, `{} | values` or `{} | items`",
    "integer": "count up to it: `range({})`",
}

_ALIKE = "give both tools the same parameters"


def check_lists(graph: FlowGraph) -> Iterator[Diagnostic]:
    """What `foreach` goes through is a list, as far as that can be told."""
    for template in graph.templates:
        if template.where == "foreach" and template.path[2:] == ("foreach",):
            yield from _no_list(graph, template)


def check_retries(graph: FlowGraph) -> Iterator[Diagnostic]:
    """A step does not try a call again that may have had its effect."""
    for name, step in graph.flow.steps.items():
        if step.retry is None:
            continue
        inner = graph.surroundings.flows.get(step.flow or "")
        related: tuple[Label, ...] = ()
        if step.tool is not None and _must_not_run_again(graph, step.tool):
            effect = graph.flow.tools[step.tool].effect
            what, why = f"tool `{step.tool}`", f"which is `effect: {effect}`"
            place = graph.spans.key(("tools", step.tool))
            which, related = "the", (Label(place, "the tool is declared here"),)
        elif isinstance(inner, SubFlow) and inner.once_only:
            what = f"`{inner.path}`"
            which, why = "that", f"whose step `{inner.once_only}` must not call its tool twice"
        else:
            continue
        yield Diagnostic(
            code="tool/retry-effect",
            message=f"step `{name}` tries {what} again, {why}",
            span=graph.spans.key(("steps", name, "retry")),
            hint=f"declare {which} tool `repeatable` or `keyed` if another call does no harm, "
            "or take `retry` away",
            related=related,
        )


def once_only_step(graph: FlowGraph) -> str:
    """Return the first step, of sub-flows too, that calls a tool which must not be called again."""
    for name, step in graph.flow.steps.items():
        if step.tool is not None and _must_not_run_again(graph, step.tool):
            return name
        inner = graph.surroundings.flows.get(step.flow or "")
        if isinstance(inner, SubFlow) and inner.once_only:
            return f"{name}/{inner.once_only}"
    return ""


def _must_not_run_again(graph: FlowGraph, name: str) -> bool:
    tool = graph.flow.tools.get(name)
    if tool is None or graph.has_stray_keys("tools", name):
        return False
    return tool.effect not in {"repeatable", "keyed"}


def check_probes(graph: FlowGraph) -> Iterator[Diagnostic]:
    """A tool's probe is another tool that may be called at any time, with the same arguments."""
    for name, tool in graph.flow.tools.items():
        if tool.probe is None or graph.bound.lost("tools", tool.probe):
            continue
        problem = _probe_problem(graph, name, tool, tool.probe)
        if problem is None:
            continue
        message, hint = problem
        declared = graph.flow.tools.get(tool.probe)
        place = graph.spans.key(("tools", tool.probe))
        is_other = declared is not None and tool.probe != name
        yield Diagnostic(
            code="tool/probe",
            message=message,
            span=graph.spans.value(("tools", name, "probe")),
            hint=hint,
            related=(Label(place, "the probe is declared here"),) if is_other else (),
        )


def _no_list(graph: FlowGraph, template: PlacedTemplate) -> Iterator[Diagnostic]:
    one = sole_reference(template)
    if one is not None and one.path[:2] == ("steps", template.step):
        return  # a cycle, and told as one
    start, end = (one.start, one.end) if one is not None else (0, len(template.text))
    types = _types_named(graph, template, one)
    if not types or "array" in types:
        return
    written = template.text[start:end]
    if one is None:
        written = clip(written.strip().removeprefix("{{").removesuffix("}}"))
    kind = next((kind for kind in _LISTS_OF if kind in types), "")
    yield Diagnostic(
        code="ref/not-a-list",
        message=f"`foreach` expects a list, and `{written}` is {words_for(types)}",
        span=graph.place(template.path, start, end),
        hint=_LISTS_OF.get(kind, "name a list").replace("{}", written),
    )


def _types_named(
    graph: FlowGraph, template: PlacedTemplate, one: Reference | None
) -> frozenset[str] | None:
    """Return the types of what a `foreach` names: a value of the flow, or one that is written."""
    if one is not None:
        part = referred(graph, template.step, one.path)
        return types_of(part.schema) if part is not None else None
    if not isinstance(template.analysis, Analysis) or template.references:
        return None
    try:
        return frozenset((type_of(compile_expression(template.text).evaluate({})),))
    except ExpressionFailed:
        return None


def _probe_problem(graph: FlowGraph, name: str, tool: Tool, probe: str) -> tuple[str, str] | None:
    """Return what is wrong with a tool's probe, and what to do."""
    said = f"the probe of tool `{name}`"
    if probe == name:
        return f"{said} must be another tool, found `{name}` itself", "name a tool that looks"
    declared = graph.flow.tools.get(probe)
    if declared is None:
        others = [one for one in graph.flow.tools if one != name]
        return (
            f"{said} must be a tool of this flow, found `{probe}`",
            near(probe, others, f"declare `{probe}` under `tools:`"),
        )
    if declared.effect != "repeatable":
        return (
            f"{said} must be `effect: repeatable`, found `{declared.effect}`",
            f"declare `{probe}` so, if it only looks",
        )
    if declared.approval == "always":
        return (
            f"{said} must be called without asking, found `approval: always` on `{probe}`",
            f"take `approval` away from `{probe}`, which only looks",
        )
    resolved = graph.tools[probe]
    return _silent(resolved) or _unlike(graph.tools[name], resolved)


def _silent(probe: ResolvedTool) -> tuple[str, str] | None:
    """A probe must be able to say `done`; what a program prints is not known beforehand."""
    types = types_of(probe.result) if probe.result is not None else None
    if probe.kind != "python" or probe.result is None or not types or "string" in types:
        return None
    said = f"tool `{probe.name}` must return a mapping with `done` to be a probe, found"
    hint = "return `{'done': True, 'output': ...}` or `{'done': False}`"
    if "object" not in types:
        return f"{said} {words_for(types)}", hint
    if isinstance(look_up(probe.result, ("done",)), Lacking):
        return f"{said} one without it", hint
    return None


def _unlike(tool: ResolvedTool, probe: ResolvedTool) -> tuple[str, str] | None:
    """The probe is called with the arguments of the call in question: it must take them."""
    if tool.parameters is None or probe.parameters is None:
        return None
    own, its = _properties(tool), _properties(probe)
    is_open = probe.parameters.get("additionalProperties", not its) is not False
    too_many = [] if is_open else [one for one in own if one not in its]
    if too_many:
        said = f"tool `{probe.name}` must take what `{tool.name}` takes, found no parameter"
        return f"{said} {name_list(too_many)}", _ALIKE
    required = _required(tool)
    lacking = [one for one in _required(probe) if one not in required]
    if lacking:
        said = f"tool `{probe.name}` needs {name_list(lacking)}"
        return f"{said}, which `{tool.name}` need not be given", _ALIKE
    for one in own:
        mine, theirs = _types(tool, one), _types(probe, one)
        if mine and theirs and not mine & theirs:
            said = f"parameter `{one}` of tool `{probe.name}` must be {words_for(mine)}"
            return f"{said} as for `{tool.name}`, found {words_for(theirs)}", _ALIKE
    return None


def _properties(tool: ResolvedTool) -> Mapping[str, object]:
    found = (tool.parameters or {}).get("properties")
    return found if isinstance(found, Mapping) else {}


def _required(tool: ResolvedTool) -> tuple[str, ...]:
    found = (tool.parameters or {}).get("required")
    return tuple(str(one) for one in found) if isinstance(found, list | tuple) else ()


def _types(tool: ResolvedTool, parameter: str) -> frozenset[str]:
    """Return the types of a parameter, a whole number being a number, too."""
    root = tool.parameters or {}
    properties = root.get("properties")
    written = properties.get(parameter) if isinstance(properties, Mapping) else None
    schema = resolve(written, root)
    types = (types_of(schema) if schema is not None else None) or frozenset()
    return types | {"number"} if "integer" in types else types
