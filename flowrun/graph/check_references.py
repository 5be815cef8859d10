"""Every template is sound, and whatever it refers to is there when it is filled in."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from flowrun.errors import name_list
from flowrun.expression.template import analyse, is_template, only_inserts
from flowrun.expression.terms import Analysis, Reference, TemplateProblem
from flowrun.expression.words import RESERVED, TAKES
from flowrun.graph.complaints import near, part_of
from flowrun.graph.flowgraph import FlowGraph, PlacedTemplate
from flowrun.graph.results import STEP_FIELDS
from flowrun.graph.scope import ITEM_NAMES, RUN_FIELDS, names_there, why_no_item
from flowrun.graph.shapes import Lacking, look_up, types_of, words_for
from flowrun.ids import JsonObject
from flowrun.source.diagnostic import Diagnostic, Label
from flowrun.spec.spans import DocPath


@dataclass(frozen=True, slots=True)
class _Use:
    """One reference of one template."""

    graph: FlowGraph
    template: PlacedTemplate
    reference: Reference

    @property
    def path(self) -> tuple[str | int, ...]:
        return self.reference.path

    def complain(
        self, code: str, message: str, depth: int, *, hint: str, related: tuple[Label, ...] = ()
    ) -> Diagnostic:
        """Complain of one part of the reference."""
        span = part_of(self.graph, self.template, self.reference, depth)
        return Diagnostic(code=code, message=message, span=span, hint=hint, related=related)


def check_templates(graph: FlowGraph) -> Iterator[Diagnostic]:
    """Texts that are to be filled in can be."""
    for template in graph.templates:
        problem = template.analysis
        if isinstance(problem, TemplateProblem):
            yield Diagnostic(
                code=problem.code,
                message=problem.message,
                span=graph.place(template.path, problem.start, problem.end),
                hint=problem.hint,
            )


def check_references(graph: FlowGraph) -> Iterator[Diagnostic]:
    """What templates refer to exists, and may be used where they stand."""
    for template in graph.templates:
        for reference in template.references:
            yield from _reference(_Use(graph, template, reference))


def check_literals(graph: FlowGraph) -> Iterator[Diagnostic]:
    """Nothing refers to the flow where nothing is filled in.

    Braces that mean something to others (`docker ps --format '{{.Names}}'`) are let be.
    """
    for path, text in _literals(graph):
        if not is_template(text):
            continue
        found = analyse(text)
        for one in found.references if isinstance(found, Analysis) else ():
            if one.path[0] in RESERVED and len(one.path) > 1:
                yield Diagnostic(
                    code="template/forbidden",
                    message=f"`{path[2]}` is not a template; nothing is filled in",
                    span=graph.place(path, one.start, one.end),
                    hint=_literal_hint(path, one),
                )


def _reference(use: _Use) -> Iterator[Diagnostic]:
    root, allowed = str(use.path[0]), names_there(use.graph, use.template)
    if root in allowed:
        yield from _ROOTS[root](use)
    elif root in ITEM_NAMES:
        said, hint = why_no_item(use.graph, use.template, root)
        yield use.complain("ref/not-in-scope", said, 0, hint=hint)
    elif root in _ROOTS:
        yield use.complain(
            "template/unknown-name",
            f"`{root}` cannot be used in `{use.template.where}`",
            0,
            hint=f"here there is {name_list(allowed)}",
        )
    else:
        hint = _known_elsewhere(use, allowed, root) or near(root, allowed, "")
        yield use.complain("template/unknown-name", f"no `{root}` in templates", 0, hint=hint)


def _known_elsewhere(use: _Use, allowed: Collection[str], name: str) -> str | None:
    """Suggest the long form for a step, input or argument that is named alone."""
    flow = use.graph.flow
    if name in flow.steps and "steps" in allowed:
        return f"write `steps.{name}.output`"
    if name in flow.inputs and "inputs" in allowed:
        return f"write `inputs.{name}`"
    if "args" in allowed and name in _parameters(use):
        return f"write `args.{name}`"
    return None


def _inputs(use: _Use) -> Iterator[Diagnostic]:
    if len(use.path) < 2:
        return
    name, inputs = str(use.path[1]), use.graph.inputs
    if name not in inputs:
        if not use.graph.bound.lost("inputs", name):
            yield use.complain(
                "ref/unknown-input",
                f"no input `{name}` in this flow",
                1,
                hint=near(name, inputs, f"declare `{name}` under `inputs:`"),
            )
        return
    yield from _shape(use, 2, inputs[name], f"input `{name}`", ("inputs", name))


def _env(use: _Use) -> Iterator[Diagnostic]:
    if len(use.path) < 2:
        return
    name, declared = str(use.path[1]), use.graph.flow.env
    if name not in declared and not use.graph.bound.lost("env", name):
        yield use.complain(
            "ref/unknown-env",
            f"environment variable `{name}` is not declared",
            1,
            hint=_env_hint(name, declared),
        )


def _env_hint(name: str, declared: Collection[str]) -> str:
    hint = near(name, declared, "")
    return hint if hint.startswith("did you mean") else f"add `{name}` to the flow's `env:` list"


def _run(use: _Use) -> Iterator[Diagnostic]:
    if len(use.path) > 1 and use.path[1] not in RUN_FIELDS:
        field = str(use.path[1])
        yield use.complain(
            "ref/unknown-field",
            f"`run` has no field `{field}`",
            1,
            hint=near(field, RUN_FIELDS, "write `run.id`"),
        )


def _steps(use: _Use) -> Iterator[Diagnostic]:
    steps = use.graph.flow.steps
    if len(use.path) < 2:
        yield use.complain(
            "ref/unknown-step",
            "expected the name of a step after `steps`, found none that is fixed",
            0,
            hint="write `steps.NAME.output`; which step it is must be known beforehand",
        )
        return
    name = str(use.path[1])
    if name not in steps:
        if not use.graph.bound.lost("steps", name):
            yield use.complain(
                "ref/unknown-step",
                f"no step `{name}` in this flow",
                1,
                hint=near(name, steps, f"declare `{name}` under `steps:`"),
            )
        return
    if len(use.path) > 2:
        yield from _step_field(use, name)


def _step_field(use: _Use, name: str) -> Iterator[Diagnostic]:
    field = str(use.path[2])
    if field not in STEP_FIELDS:
        known = near(field, STEP_FIELDS, "")
        inside = _inside_output(use.graph, name, field)
        yield use.complain(
            "ref/unknown-field",
            f"`steps.{name}` has no field `{field}`",
            2,
            hint=f"did you mean `output.{field}`?" if inside else known,
        )
        return
    noun = f"`{field}` of step `{name}`"
    if _is_before_the_first(use, name):
        wanted, is_item = use.path[3], isinstance(use.path[3], int)
        yield use.complain(
            "ref/unknown-field",
            f"{noun} is {'empty' if is_item and field != 'output' else 'null'} before its first "
            f"iteration and has no {'item' if is_item else 'field'} `{wanted}`",
            3,
            hint=f"ask first: `{{% if steps.{name}.output %}}...{{% endif %}}`",
        )
        return
    if field != "output":
        yield from _shape(use, 3, STEP_FIELDS[field], noun, ("steps", name))
        return
    schema = use.graph.output_schema(name, seen_from=use.template.step)
    if schema is not None:
        yield from _shape(use, 3, schema, noun, _declared_at(use.graph, name))


def _is_before_the_first(use: _Use, name: str) -> bool:
    """Tell whether a step is certain to look into what it has not come to yet."""
    template = use.template
    if template.step != name or use.graph.flow.steps[name].repeat is None:
        return False
    is_inside = template.where not in {"if", "foreach", "until"}
    return is_inside and len(use.path) > 3 and only_inserts(template.text)


def _inside_output(graph: FlowGraph, step: str, field: str) -> bool:
    schema = graph.output_schema(step)
    fields = schema.get("properties") if schema is not None else None
    return isinstance(fields, Mapping) and field in fields


def _declared_at(graph: FlowGraph, name: str) -> DocPath | None:
    """Return where the shape of a step's output is written in the flow."""
    step = graph.flow.steps[name]
    if step.tool is not None:
        return ("tools", step.tool)
    for key, written in (("flow", step.flow), ("set", step.set_), ("output", step.output)):
        if written is not None:
            return ("steps", name, key)
    if step.ask is not None and step.ask.schema_ is not None:
        return ("steps", name, "ask", "schema")
    assistant = graph.flow.assistants.get(step.assistant or "")
    if assistant is not None and assistant.output is not None:
        return ("assistants", step.assistant or "", "output")
    return None


def _args(use: _Use) -> Iterator[Diagnostic]:
    tool = use.graph.tools[use.template.owner]
    if len(use.path) < 2 or tool.parameters is None:
        return
    name = str(use.path[1])
    parameters = _parameters(use)
    if name not in parameters:
        none = f"declare `{name}` under `parameters:`"
        yield use.complain(
            "ref/unknown-argument",
            f"tool `{tool.name}` has no parameter `{name}`",
            1,
            hint=near(name, parameters, none),
        )
        return
    found = look_up(tool.parameters, use.path[1:])
    if isinstance(found, Lacking):
        yield _lacking(use, found, 1, f"argument `{name}`", None)
    elif found is not None:
        yield from _unfit(use, found, f"argument `{_dotted(use.path[1:])}`")


def _item(use: _Use) -> Iterator[Diagnostic]:
    step = use.template.step
    schema = use.graph.items.get(step)
    if schema is not None:
        yield from _shape(use, 1, schema, "`item`", ("steps", step, "foreach"))


def _index(use: _Use) -> Iterator[Diagnostic]:
    yield from _shape(use, 1, {"type": "integer"}, "`index`", None)


def _parameters(use: _Use) -> Collection[str]:
    tool = use.graph.tools.get(use.template.owner)
    properties = (tool.parameters or {}).get("properties") if tool is not None else None
    return properties if isinstance(properties, Mapping) else ()


def _shape(
    use: _Use, start: int, schema: JsonObject, noun: str, declared: DocPath | None
) -> Iterator[Diagnostic]:
    found = look_up(schema, use.path[start:])
    if isinstance(found, Lacking):
        yield _lacking(use, found, start, noun, declared)
    elif found is not None:
        inner = _dotted(use.path[start:])
        yield from _unfit(use, found, f"`{inner}` of {noun}" if inner else noun)


def _unfit(use: _Use, schema: JsonObject, what: str) -> Iterator[Diagnostic]:
    """A filter or a loop is given what it can never take."""
    user = use.reference.used_by
    types, taken = types_of(schema), TAKES.get(user)
    if not types or taken is None or types & (taken | {"null"}):
        return
    yield use.complain(
        "template/syntax",
        f"`{user}` expects {words_for(taken)}, and {what} is {words_for(types)}",
        len(use.path) - 1,
        hint="turn it into one first, or leave this out",
    )


def _lacking(
    use: _Use, found: Lacking, start: int, noun: str, declared: DocPath | None
) -> Diagnostic:
    depth = start + found.depth
    wanted = use.path[depth]
    inner = _dotted(use.path[start:depth])
    is_part = inner and use.path[0] != "args"
    what = f"`{inner}` of {noun}" if is_part else noun
    asked = f"no item {wanted}" if isinstance(wanted, int) else f"no field `{wanted}`"
    is_plain = found.kind != "an object"
    said = f"{what} is {found.kind} and has {asked}" if is_plain else f"{what} has {asked}"
    related: tuple[Label, ...] = ()
    if declared is not None:
        related = (Label(use.graph.spans.key(declared), "its shape is declared here"),)
    return use.complain(
        "ref/unknown-field",
        said,
        depth,
        hint=_lacking_hint(found, str(wanted), untyped=declared is None),
        related=related,
    )


def _dotted(path: tuple[str | int, ...]) -> str:
    said = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return said.removeprefix(".")


def _lacking_hint(found: Lacking, wanted: str, *, untyped: bool) -> str:
    if found.kind == "a text" and untyped:
        return "declare its shape with `output:`, or read it with `| fromjson`"
    if found.kind == "a list":
        return f"name an item first: `[0].{wanted}`"
    return near(wanted, found.names, f"remove `{wanted}`")


def _literals(graph: FlowGraph) -> Iterator[tuple[DocPath, str]]:
    for name, tool in graph.flow.tools.items():
        yield ("tools", name, "script"), tool.script or ""
        yield ("tools", name, "cwd"), tool.cwd
        if isinstance(tool.env, Mapping):
            yield from ((("tools", name, "env", key), one) for key, one in tool.env.items())
    for name, assistant in graph.flow.assistants.items():
        yield ("assistants", name, "model"), assistant.model
        for key, one in assistant.metadata.items():
            yield ("assistants", name, "metadata", key), one
    for name, thread in graph.flow.threads.items():
        yield from (
            (("threads", name, "metadata", key), one) for key, one in thread.metadata.items()
        )


def _literal_hint(path: DocPath, one: Reference) -> str:
    if path[2] == "script" and one.path[0] == "args":
        return f'write `"$ARG_{str(one.path[1]).upper()}"`'
    if path[0] == "tools":
        return "give the value to the tool as an argument"
    return "write the value itself"


_ROOTS: Mapping[str, Callable[[_Use], Iterator[Diagnostic]]] = {
    "inputs": _inputs,
    "steps": _steps,
    "env": _env,
    "run": _run,
    "args": _args,
    "item": _item,
    "index": _index,
}
