"""What is said and asked when a person answers a question on a terminal; reads through a function.

Every field is read by its schema and asked for again until it fits. An end of input leaves the
question open.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from flowrun.app.answers import Given, fields_of, is_required, make_answer, read_field
from flowrun.errors import BadRequest
from flowrun.events.records import Decision, QuestionAsked
from flowrun.ids import JsonObject, JsonValue, compact_json
from flowrun.views.questions import question_in_full
from flowrun.views.text import clip, neutralise

Say: TypeAlias = Callable[[str], None]
Read: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Show a prompt and return the line that was typed; None when no more comes."""

_WORDS: Mapping[str, Mapping[str, Decision]] = {
    "approve or reject": {
        "a": "approved",
        "approve": "approved",
        "y": "approved",
        "yes": "approved",
        "r": "rejected",
        "reject": "rejected",
        "n": "rejected",
        "no": "rejected",
    },
    "done, run or fail": {
        "d": "done",
        "done": "done",
        "r": "run",
        "run": "run",
        "f": "fail",
        "fail": "fail",
    },
}
_UNKNOWN = """A crash hides whether this call happened.
  done  it happened; the run goes on with what it came to
  run   it did not happen; run it now
  fail  let the step fail"""


async def converse(asked: QuestionAsked, say: Say, read: Read) -> JsonObject | None:
    """Ask a person, and return the answer as the run is sent it, or None.

    Args:
        asked: The question.
        say: Shows a line.
        read: Reads one.
    """
    say("")
    for line in question_in_full(asked):
        say(line)
    while True:
        given = await _ask(asked, say, read)
        if given is None:
            return None
        try:
            return make_answer(asked, given)
        except BadRequest as problem:
            say(neutralise(str(problem)))


async def _ask(asked: QuestionAsked, say: Say, read: Read) -> Given | None:
    match asked.kind:
        case "form":
            values = await _fill_in(asked, say, read)
            return None if values is None else Given(decision="answered", values=values)
        case "unknown":
            say(_UNKNOWN)
            return await _decide("done, run or fail", read)
        case _:
            return await _decide("approve or reject", read)


async def _decide(question: str, read: Read) -> Given | None:
    words = _WORDS[question]
    while True:
        line = await read(f"{question}? ")
        if line is None:
            return None
        decision = words.get(line.strip().lower())
        if decision is None:
            continue
        more = {"rejected": "comment (may be empty): ", "done": "what it came to (may be empty): "}
        if decision not in more:
            return Given(decision=decision)
        text = await read(more[decision])
        if text is None:
            return None
        if decision == "done":
            return Given(decision=decision, output=text)
        return Given(decision=decision, comment=text.strip())


async def _fill_in(asked: QuestionAsked, say: Say, read: Read) -> JsonObject | None:
    values: dict[str, JsonValue] = {}
    for name, schema in fields_of(asked).items():
        prompt = _prompt(asked, name, schema)
        while name not in values:
            line = await read(prompt)
            if line is None:
                return None
            if not line.strip():
                if "default" in schema or not is_required(asked, name):
                    break
                say(f"`{name}` is required")
                continue
            try:
                values[name] = read_field(asked, name, line)
            except BadRequest as problem:
                say(neutralise(str(problem)))
    return values


def _prompt(asked: QuestionAsked, name: str, schema: JsonObject) -> str:
    """Return what stands before the cursor: the field, what it is for, its type, its default."""
    about = [str(schema["type"])] if isinstance(schema.get("type"), str) else []
    choices = schema.get("enum")
    if isinstance(choices, list | tuple):
        about = [" | ".join(str(one) for one in choices)]
    if "default" in schema:
        about.append(f"default {compact_json(schema['default'])}")
    elif not is_required(asked, name):
        about.append("may be empty")
    purpose = schema.get("description")
    said = f", {clip(purpose, 80)}" if isinstance(purpose, str) else ""
    return neutralise(f"{name} ({', '.join(about)}{said}): " if about or said else f"{name}: ")
