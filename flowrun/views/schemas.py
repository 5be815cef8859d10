"""Every JSON Schema there is: of the files that people write, and of what flowrun prints.

`python -m flowrun.views.schemas DIR` writes them.
"""

import ast
import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from types import NoneType
from typing import Literal, TypeAlias, cast, get_args, get_origin

from flowrun.events import records
from flowrun.events.codec import EVENT_CLASSES, EVENT_VERSION
from flowrun.events.stamped import TRANSIENT
from flowrun.ids import JsonObject, JsonValue
from flowrun.spec.json_schema import flow_schema, head, project_schema, replies_schema, say
from flowrun.views.export import EXPORT_VERSION
from flowrun.views.run_result import RESULT_VERSION
from flowrun.views.runs import RunState
from flowrun.views.step_summary import TOKENS, StepState

Schema: TypeAlias = dict[str, JsonValue]

_SIMPLE: Mapping[object, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    JsonObject: {"type": "object"},
    JsonValue: {},
}

_NUMBER: Schema = {"type": ["number", "null"]}


def all_schemas() -> Mapping[str, str]:
    """Return the text of each schema by its name; the file is `NAME.schema.json`."""
    schemas = {
        "event": event_schema(),
        "export": export_schema(),
        "flow": flow_schema(),
        "project": project_schema(),
        "replies": replies_schema(),
        "result": result_schema(),
    }
    return {
        name: json.dumps(one, ensure_ascii=False, indent=2) + "\n" for name, one in schemas.items()
    }


def event_schema() -> Schema:
    """Return the schema of one line of `--format jsonl`."""
    words = _field_words()
    definitions: Schema = {
        kind.__name__: _event(name, kind, words) for name, kind in EVENT_CLASSES.items()
    }
    definitions["ToolCallRequest"] = _record(records.ToolCallRequest, words)
    options: list[JsonValue] = [
        {"$ref": f"#/definitions/{kind.__name__}"} for kind in EVENT_CLASSES.values()
    ]
    schema = say(head("flowrun event"), "One event of a run, one line of `--format jsonl`.")
    return {**schema, "oneOf": options, "definitions": definitions}


def result_schema() -> Schema:
    """Return the schema of what `execute --format json` prints."""
    parts: Schema = {
        "format_version": say({"const": RESULT_VERSION}, "Version of this object."),
        "run_id": say({"type": "string"}, "Id of the flow run."),
        "flow": say({"type": "string"}, "Name of the flow."),
        "status": say(_choice(RunState), "`completed`: every step that had to run did run."),
        "plan_digest": say({"type": "string"}, "SHA-256 of the plan that was executed."),
        "outputs": say({"type": "object"}, "What the flow's `outputs` say."),
        "steps": say(
            {"type": "object", "additionalProperties": {"$ref": "#/definitions/step"}},
            "Every step of the plan, by name.",
        ),
        "usage": say({"$ref": "#/definitions/usage"}, "Tokens of all steps together."),
        "cost_usd": say(_NUMBER, "US dollars; null when a model has no price."),
        "duration_s": say(_NUMBER, "Seconds; null while it is not over."),
        "error": say(_or_null("error"), "Why it failed or is parked; null otherwise."),
        "questions": say(
            {"type": "array", "items": {"$ref": "#/definitions/question"}},
            "What people are asked, and how they answer.",
        ),
        "wake_at": say(_NUMBER, "When a timer goes on with it, in seconds since the epoch."),
    }
    schema = say(head("flowrun result"), "What became of a run.")
    definitions: Schema = {
        "error": _error(),
        "items": _items(),
        "question": _question(),
        "step": _step(),
        "usage": _usage(),
    }
    return {**schema, **_closed(parts), "definitions": definitions}


def export_schema() -> Schema:
    """Return the schema of what `runs export` writes."""
    known: Schema = {
        "run_id": say({"type": "string"}, "Id of the flow run."),
        "flow": say({"type": "string"}, "Name of the flow."),
        "status": say(_choice(RunState), "How it stands."),
        "plan_digest": say({"type": "string"}, "SHA-256 of the plan."),
        "started_at": say({"type": "number"}, "Seconds since the epoch."),
        "finished_at": say(_NUMBER, "Seconds since the epoch; null while it is not over."),
        "error": say({"type": ["string", "null"]}, "One sentence, when it failed."),
    }
    setting: Schema = {
        "environment": say(
            {"type": "array", "items": {"type": "string"}},
            "Names of the variables that the flow read; their values are left out.",
        ),
        "origin": say({"type": "object"}, "The flow's file, and the endpoint that was asked for."),
        "only": say({"type": "string"}, "The one step it repeats of another run, or empty."),
    }
    parts: Schema = {
        "format_version": say({"const": EXPORT_VERSION}, "Version of this document."),
        "run": say(_closed(known), "The run as `runs list` has it."),
        "plan": say({"type": "object"}, "The plan that was executed, with its `abi`."),
        "setting": say(_closed(setting), "What it was started with besides plan and inputs."),
        "inputs": say({"type": "object"}, "Its inputs."),
        "events": say(
            {"type": "array", "items": {"type": "object"}},
            "Every kept event, as `--format jsonl` writes it; see the schema of events.",
        ),
    }
    return {**say(head("flowrun export"), "A run, all of it."), **_closed(parts)}


def write_schemas(folder: Path) -> None:
    """Write every schema into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in all_schemas().items():
        (folder / f"{name}.schema.json").write_text(text, "utf-8")


def _step() -> Schema:
    parts: Schema = {
        "status": say(_choice(StepState), "How it ended, or how far it is."),
        "output": say({}, "Text, a parsed value, or what the tool returned."),
        "error": say(_or_null("error"), "Why it failed; null otherwise."),
        "usage": say(_or_null("usage"), "Tokens; null where no model was asked."),
        "cost_usd": say(_NUMBER, "US dollars; null when a model has no price."),
        "items": say(_or_null("items"), "Of a `foreach`; null otherwise."),
        "errors": say(
            {"type": "array", "items": {"type": "object"}},
            "`{index, error, code}` of every item that failed.",
        ),
        "thread_id": say({"type": ["string", "null"]}, "Thread that it ran on."),
        "run_id": say({"type": ["string", "null"]}, "Assistant run that it took."),
        "duration_s": say(_NUMBER, "Seconds; null while it is not over."),
    }
    return say(_closed(parts), "One step; one of a sub-flow is named `outer/inner`.")


def _items() -> Schema:
    whole: Schema = {"type": "integer", "minimum": 0}
    parts: Schema = {
        "total": say({"type": ["integer", "null"]}, "How many there are, where that is known."),
        "completed": say(whole, "How many completed."),
        "failed": say(whole, "How many failed."),
    }
    return say(_closed(parts), "How far the items of a step are.")


def _question() -> Schema:
    text: Schema = {"type": "string"}
    parts: Schema = {
        "step": say(text, "Label of the step that asks."),
        "question": say(text, "Plan path that an answer is addressed to."),
        "kind": say(_choice(records.QuestionKind), "What can be answered."),
        "message": say(text, "What is asked."),
        "schema": say({"type": ["object", "null"]}, "JSON Schema of the values, for `form`."),
        "call_id": say(text, "The tool call in question, or empty."),
        "tool": say(text, "Its tool, or empty."),
        "arguments": say({"type": "object"}, "Its arguments."),
        "expires_at": say(_NUMBER, "Seconds since the epoch; null without an end."),
        "commands": say({"type": "array", "items": text}, "What answers it on the command line."),
    }
    return say(_closed(parts), "Something that a person is asked.")


def _error() -> Schema:
    parts: Schema = {
        "code": say({"type": ["string", "null"]}, "For programs."),
        "message": say({"type": "string"}, "One sentence for people."),
        "hint": say({"type": ["string", "null"]}, "What to do."),
    }
    return say(_closed(parts), "What went wrong.")


def _usage() -> Schema:
    count: Schema = {"type": "integer", "minimum": 0}
    parts: Schema = {name: say(count, f"{name.replace('_', ' ').capitalize()}.") for name in TOKENS}
    schema: Schema = {"type": "object", "properties": parts, "additionalProperties": count}
    return say(schema, "Tokens by kind.")


def _closed(parts: Schema) -> Schema:
    return {
        "type": "object",
        "properties": parts,
        "required": list(parts),
        "additionalProperties": False,
    }


def _or_null(name: str) -> Schema:
    return {"anyOf": [{"$ref": f"#/definitions/{name}"}, {"type": "null"}]}


def _choice(alias: object) -> Schema:
    return {"type": "string", "enum": list(get_args(alias))}


def _event(name: str, kind: type, words: Mapping[tuple[str, str], str]) -> Schema:
    counted: Schema = {"type": "null"} if kind in TRANSIENT else {"type": "integer", "minimum": 1}
    stamp: Schema = {
        "v": say({"const": EVENT_VERSION}, "Version of the line."),
        "seq": say(counted, "Number in the run's journal; null for what is shown and not kept."),
        "at": say({"type": "number"}, "Seconds since the epoch."),
        "flow_run_id": say({"type": "string"}, "Id of the flow run."),
        "type": {"const": name},
    }
    body = _record(kind, words)
    parts = {**stamp, **cast("Schema", body["properties"])}
    return {**body, "properties": parts, "required": list(parts)}


def _record(kind: type, words: Mapping[tuple[str, str], str]) -> Schema:
    """Return the schema of a record; readers are to pass over keys of later versions."""
    parts: Schema = {
        one.name: say(_type(one.type), words.get((kind.__name__, one.name))) for one in fields(kind)
    }
    schema: Schema = {"type": "object", "properties": parts, "required": list(parts)}
    return say(schema, inspect.getdoc(kind))


def _type(annotation: object) -> Schema:
    """Return the schema of a type. Events are made of few types; unions come last."""
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    if is_dataclass(annotation) and isinstance(annotation, type):
        return {"$ref": f"#/definitions/{annotation.__name__}"}
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return _choice(annotation)
    if origin is tuple:
        return {"type": "array", "items": _type(arguments[0])}
    return {"anyOf": [_type(one) for one in arguments]}


def _field_words() -> dict[tuple[str, str], str]:
    """Return the line under each field of the events, by class and field."""
    words: dict[tuple[str, str], str] = {}
    for statement in ast.parse(inspect.getsource(records)).body:
        if isinstance(statement, ast.ClassDef):
            for field, text in _pairs(statement.body):
                words[statement.name, field] = text
    return words


def _pairs(body: Sequence[ast.stmt]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ):
                found.append((name, text))
            case _:
                pass
    return found


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
