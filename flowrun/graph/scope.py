"""Which names a template may use, by where it stands."""

from collections.abc import Mapping

from flowrun.graph.flowgraph import FlowGraph, PlacedTemplate, Where

RUN_FIELDS = ("id",)
"""What `run` has."""

ITEM_NAMES = ("item", "index")
"""What each item of a `foreach` adds."""

_EVERYWHERE = ("inputs", "env", "run")
_IN_FLOW = ("inputs", "steps", "env", "run")
_NAMES: Mapping[Where, tuple[str, ...]] = {
    "instructions": _EVERYWHERE,
    "key": _EVERYWHERE,
    "shell": ("args",),
    "if": _IN_FLOW,
    "foreach": _IN_FLOW,
    "message": _IN_FLOW,
    "with": _IN_FLOW,
    "ask": _IN_FLOW,
    "set": _IN_FLOW,
    "until": _IN_FLOW,
    "outputs": _IN_FLOW,
}
_OF_AN_ITEM = frozenset({"message", "with", "ask", "set", "until"})
"""Places that are filled in for each item anew."""


def names_there(graph: FlowGraph, template: PlacedTemplate) -> tuple[str, ...]:
    """Return the names that a template may use."""
    names = _NAMES[template.where]
    if template.where in _OF_AN_ITEM and graph.may_have(template.owner, "foreach"):
        return (*names, *ITEM_NAMES)
    return names


def why_no_item(graph: FlowGraph, template: PlacedTemplate, name: str) -> tuple[str, str]:
    """Return why there is no `item` or `index` at a place, and what to do."""
    if template.step and graph.may_have(template.step, "foreach"):
        return (
            f"`{name}` cannot be used in `{template.where}`, which is looked at once for all items",
            "choose items in the list itself: `foreach: LIST | select(...)`"
            if template.where == "if"
            else "write an expression for the list itself",
        )
    said = f"`{name}` is there in a step with `foreach` only"
    match template.where:
        case "shell":
            return said, "give it to the tool as an argument and write `args.NAME`"
        case "instructions" | "key":
            return said, "say it in the step's `message`"
        case "outputs":
            return said, "name a step: `steps.NAME.output` is the list of its items' outputs"
        case _:
            return said, f"add `foreach:` to step `{template.step}`"
