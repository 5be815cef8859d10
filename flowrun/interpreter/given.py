"""What a sub-flow is given: held to the schemas of its inputs, defaults filled in."""

from dataclasses import dataclass

from flowrun.ids import JsonObject, JsonValue
from flowrun.plan.plan import ExecutionPlan

_PROBLEM_LENGTH = 300
"""Characters told of a problem: validators repeat the value."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why the inputs are none of the flow's, in one sentence."""

    problem: str


def fill_inputs(plan: ExecutionPlan, given: JsonObject) -> dict[str, JsonValue] | Unfit:
    """Return a value for every input of the flow, or the first problem in declared order."""
    schemas = dict(plan.inputs)
    for name in given:
        if name not in schemas:
            return Unfit(f"flow `{plan.flow}` has no input `{name}`")
    filled: dict[str, JsonValue] = {}
    for name, schema in schemas.items():
        if name in given:
            problem = _problem(given[name], schema)
            if problem is not None:
                return Unfit(f"input `{name}` of flow `{plan.flow}`: {problem}")
            filled[name] = given[name]
        elif "default" in schema:
            filled[name] = schema["default"]
        else:
            return Unfit(f"input `{name}` of flow `{plan.flow}` is required")
    return filled


def _problem(value: JsonValue, schema: JsonObject) -> str | None:
    """Return the first thing that keeps a value from fitting a schema."""
    import jsonschema_rs  # a compiled library that flows without schemas need not load

    found = next(iter(jsonschema_rs.validator_for(dict(schema)).iter_errors(value)), None)
    if found is None:
        return None
    place = "".join(f"/{part}" for part in found.instance_path)
    message = found.message
    if len(message) > _PROBLEM_LENGTH:
        message = f"{message[: _PROBLEM_LENGTH - 1]}…"
    return f"at `{place}`: {message}" if place else message
