"""Refusals, in the words that clients of the Assistants API parse."""

import pytest

from flowrun.assistants import limits
from flowrun.assistants.records import (
    NewAssistant,
    NewMessage,
    NewRun,
    RunOptions,
    TextPart,
    Truncation,
)
from flowrun.errors import RuntimeRejected
from flowrun.ports.models import FunctionTool


def refused(check, *arguments) -> RuntimeRejected:
    with pytest.raises(RuntimeRejected) as refusal:
        check(*arguments)
    return refusal.value


def assistant(**fields) -> NewAssistant:
    return NewAssistant(model="m", **fields)


def run(**fields) -> NewRun:
    return NewRun(thread_id="thread_x", assistant_id="asst_x", **fields)


def test_recorded_sentences_are_exact():
    sentences = {
        str(limits.thread_is_locked_for_messages("thread_X", "run_Y")): (
            "Can't add messages to thread_X while a run run_Y is active."
        ),
        str(limits.thread_has_active_run("thread_X", "run_Y")): (
            "Thread thread_X already has an active run run_Y."
        ),
        str(limits.outputs_not_accepted("completed")): (
            'Runs in status "completed" do not accept tool outputs.'
        ),
        str(limits.outputs_do_not_match(["a", "b"], ["a"])): (
            "Expected tool outputs for call_ids ['a', 'b'], got ['a']"
        ),
        str(limits.cannot_cancel("completed")): "Cannot cancel run with status 'completed'.",
    }
    assert all(said == expected for said, expected in sentences.items())


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [
        ("assistant", "asst_X"),
        ("thread", "thread_X"),
        ("message", "msg_X"),
        ("run", "run_X"),
        ("run step", "step_X"),
    ],
)
def test_an_unknown_id_is_a_404_that_names_it(kind, identifier):
    refusal = limits.not_found(kind, identifier)
    assert str(refusal) == f"No {kind} found with id '{identifier}'."
    assert (refusal.status, refusal.code) == (404, None)


def test_an_id_of_the_wrong_kind_is_a_400_that_names_the_prefix():
    refusal = limits.not_found("thread", "undefined")
    assert str(refusal) == (
        "Invalid 'thread_id': 'undefined'. Expected an ID that begins with 'thread'."
    )
    assert (refusal.status, refusal.code, refusal.param) == (400, "invalid_value", "thread_id")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "a boolean"),
        (3, "an integer"),
        (1.5, "a decimal number"),
        (None, "null"),
        ({}, "an object"),
        ([], "an array"),
    ],
)
def test_a_metadata_value_that_is_no_text_is_named_with_its_kind(value, kind):
    refusal = refused(limits.read_metadata, {"k": value})
    assert (
        str(refusal) == f"Invalid type for 'metadata.k': expected a string, but got {kind} instead."
    )
    assert (refusal.code, refusal.param) == ("invalid_type", "metadata.k")


def test_metadata_have_sixteen_pairs_of_64_and_512_letters():
    full = {f"{index:064}": "v" * 512 for index in range(16)}
    assert limits.read_metadata(full) == full
    assert limits.read_metadata(None) == {}
    too_many = refused(limits.read_metadata, {str(index): "" for index in range(17)})
    assert too_many.code == "object_above_max_properties"
    assert refused(limits.read_metadata, {"k": "v" * 513}).code == "string_above_max_length"
    assert refused(limits.read_metadata, {"k" * 65: ""}).code == "property_name_above_max_length"


@pytest.mark.parametrize(
    ("field", "length"), [("name", 256), ("description", 512), ("instructions", 256_000)]
)
def test_texts_of_an_assistant_are_bounded(field, length):
    limits.check_assistant(assistant(**{field: "x" * length}))
    refusal = refused(limits.check_assistant, assistant(**{field: "x" * (length + 1)}))
    assert (refusal.code, refusal.param) == ("string_above_max_length", field)
    assert f"maximum length {length}, but got a string with length {length + 1}" in str(refusal)


def test_an_assistant_has_128_tools_at_most():
    tools = tuple(
        FunctionTool(name=f"t{index}", description="", parameters={}) for index in range(129)
    )
    limits.check_assistant(assistant(tools=tools[:128]))
    refusal = refused(limits.check_assistant, assistant(tools=tools))
    assert (refusal.code, refusal.param) == ("array_above_max_length", "tools")
    assert refused(limits.check_run, run(tools=tools)).code == "array_above_max_length"


@pytest.mark.parametrize(
    ("name", "code"), [("a b", "invalid_value"), ("n" * 65, "string_above_max_length")]
)
def test_function_names_are_bounded(name, code):
    tool = FunctionTool(name=name, description="", parameters={})
    refusal = refused(limits.check_assistant, assistant(tools=(tool,)))
    assert (refusal.code, refusal.param) == (code, "tools[0].function.name")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("temperature", 2.5, "decimal_above_max_value"),
        ("temperature", -1, "decimal_below_min_value"),
        ("top_p", 1.1, "decimal_above_max_value"),
    ],
)
def test_sampling_is_bounded_on_assistants_and_runs(field, value, code):
    assert refused(limits.check_assistant, assistant(**{field: value})).code == code
    refusal = refused(limits.check_run, run(**{field: value}))
    assert (refusal.code, refusal.param) == (code, field)
    assert f"but got {value} instead." in str(refusal)


@pytest.mark.parametrize("field", ["max_prompt_tokens", "max_completion_tokens"])
def test_token_budgets_begin_at_one(field):
    limits.check_run(run(options=RunOptions(**{field: 1})))
    refusal = refused(limits.check_run, run(options=RunOptions(**{field: 0})))
    assert (refusal.code, refusal.param) == ("integer_below_min_value", field)


def test_a_message_has_content_of_bounded_length():
    assert refused(limits.check_message, NewMessage(content=())).param == "content"
    long = NewMessage(content=(TextPart("x" * 256_001),))
    assert refused(limits.check_message, long).code == "string_above_max_length"
    assert refused(limits.check_run, run(messages=(long,))).code == "string_above_max_length"


def test_truncation_is_auto_or_counts_messages():
    assert limits.read_truncation(None) == Truncation()
    assert limits.read_truncation({"type": "auto"}) == Truncation()
    counted = limits.read_truncation({"type": "last_messages", "last_messages": 3})
    assert counted == Truncation("last_messages", 3)


@pytest.mark.parametrize(
    ("strategy", "code"),
    [
        ({"type": "middle"}, "invalid_value"),
        ({"type": "last_messages"}, "missing_required_parameter"),
        ({"type": "last_messages", "last_messages": "3"}, "invalid_type"),
        ({"type": "last_messages", "last_messages": True}, "invalid_type"),
        ({"type": "last_messages", "last_messages": 0}, "integer_below_min_value"),
    ],
)
def test_a_truncation_that_means_nothing_is_refused(strategy, code):
    assert refused(limits.read_truncation, strategy).code == code


def test_a_run_with_nothing_to_go_by_is_an_invalid_thread():
    assert limits.nothing_to_answer("thread_x").code == "invalid_thread"
