import json

import pytest

from flowrun.models.chat import ChatWire
from flowrun.ports.models import (
    AssistantItem,
    FunctionTool,
    ModelRequest,
    ToolCall,
    ToolCallsItem,
    ToolOutputItem,
    Transcript,
    UserItem,
)

WEATHER = FunctionTool(name="weather", description="Tell.", parameters={"type": "object"})


def body(wire=None, transcript=None, **fields):
    transcript = transcript or Transcript([UserItem("hi")])
    return json.loads((wire or ChatWire()).encode(
        ModelRequest(model="m", transcript=transcript, **fields)
    ))  # fmt: skip


def test_a_bare_request_holds_what_a_stream_needs_and_no_more():
    assert body() == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": "hi"}],
    }


def test_every_setting_has_its_name_on_the_wire():
    schema = {"type": "json_schema", "json_schema": {"name": "s", "schema": {}, "strict": True}}
    sent = body(
        instructions="Be brief.",
        tools=(WEATHER,),
        tool_choice="required",
        parallel_tool_calls=False,
        temperature=0.0,
        top_p=0.5,
        reasoning_effort="low",
        response_format=schema,
        max_output_tokens=9,
        assistant="guide",
    )
    assert sent["messages"][0] == {"role": "system", "content": "Be brief."}
    function = {"name": "weather", "description": "Tell.", "parameters": {"type": "object"}}
    assert sent["tools"] == [{"type": "function", "function": function}]
    del sent["messages"], sent["tools"], sent["stream"], sent["stream_options"], sent["model"]
    assert sent == {
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "temperature": 0.0,
        "top_p": 0.5,
        "reasoning_effort": "low",
        "response_format": schema,
        "max_completion_tokens": 9,
    }


def test_strict_is_sent_for_strict_tools_alone():
    strict = FunctionTool(name="f", description="", parameters={}, strict=True)
    first, second = body(tools=(WEATHER, strict))["tools"]
    assert "strict" not in first["function"]
    assert second["function"]["strict"] is True


def test_older_local_servers_are_sent_max_tokens():
    sent = body(ChatWire(legacy_max_tokens=True), max_output_tokens=9)
    assert sent["max_tokens"] == 9
    assert "max_completion_tokens" not in sent


def test_choices_about_tools_are_not_sent_without_tools():
    sent = body(tool_choice="auto", parallel_tool_calls=True)
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(sent)


def test_each_kind_of_item_becomes_one_message():
    calls = (ToolCall("a", "weather", '{"city": "Paris"}'), ToolCall("b", "weather", "{}"))
    transcript = Transcript(
        [
            UserItem("hi"),
            ToolCallsItem(calls),
            ToolOutputItem("a", "sunny"),
            ToolOutputItem("b", "rain"),
            ToolCallsItem(calls[:1], "Once more."),
            AssistantItem("done"),
        ]
    )
    messages = body(transcript=transcript)["messages"]
    assert [one["role"] for one in messages] == [
        "user", "assistant", "tool", "tool", "assistant", "assistant"
    ]  # fmt: skip
    function = {"name": "weather", "arguments": '{"city": "Paris"}'}
    assert messages[1]["content"] is None
    assert messages[1]["tool_calls"][0] == {"id": "a", "type": "function", "function": function}
    assert messages[2] == {"role": "tool", "tool_call_id": "a", "content": "sunny"}
    assert messages[4]["content"] == "Once more."


@pytest.mark.parametrize("broken", ["", "nope", '{"city": "Pa', "[1]"])
def test_past_arguments_that_are_no_object_do_not_spoil_the_conversation(broken):
    transcript = Transcript([ToolCallsItem((ToolCall("a", "weather", broken),))])
    call = body(transcript=transcript)["messages"][0]["tool_calls"][0]
    assert call["function"]["arguments"] == "{}"


def test_an_item_is_encoded_once_however_often_it_is_sent():
    transcript = Transcript([UserItem("hi")])
    body(transcript=transcript)
    first = transcript.encoded["chat"][0]
    transcript.items.append(AssistantItem("hello"))
    body(transcript=transcript)
    assert transcript.encoded["chat"][0] is first
    assert len(transcript.encoded["chat"]) == 2


def test_truncation_sends_the_tail():
    transcript = Transcript([UserItem("a"), AssistantItem("b"), UserItem("c")])
    sent = body(transcript=transcript, start=2, instructions="x")["messages"]
    assert [one["content"] for one in sent] == ["x", "c"]
    assert len(transcript.encoded["chat"]) == 3


def test_text_of_any_script_goes_out_as_it_is():
    transcript = Transcript([UserItem('grüße "😀"\n\\')])
    assert body(transcript=transcript)["messages"][0]["content"] == 'grüße "😀"\n\\'
