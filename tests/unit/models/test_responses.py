import json

from flowrun.models.responses import ResponsesWire
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


def body(transcript=None, **fields):
    transcript = transcript or Transcript([UserItem("hi")])
    return json.loads(ResponsesWire().encode(
        ModelRequest(model="m", transcript=transcript, **fields)
    ))  # fmt: skip


def test_a_bare_request_stores_nothing():
    assert body() == {
        "model": "m",
        "stream": True,
        "store": False,
        "input": [{"type": "message", "role": "user", "content": "hi"}],
    }


def test_every_setting_has_its_name_on_the_wire():
    schema = {"name": "s", "schema": {"type": "object"}, "strict": True}
    sent = body(
        instructions="Be brief.",
        tools=(WEATHER,),
        tool_choice={"type": "function", "function": {"name": "weather"}},
        parallel_tool_calls=False,
        temperature=0.0,
        top_p=0.5,
        reasoning_effort="low",
        response_format={"type": "json_schema", "json_schema": schema},
        max_output_tokens=9,
    )
    assert sent["tools"] == [
        {
            "type": "function",
            "name": "weather",
            "description": "Tell.",
            "parameters": {"type": "object"},
            "strict": False,
        }
    ]
    del sent["tools"], sent["input"], sent["stream"], sent["store"], sent["model"]
    assert sent == {
        "instructions": "Be brief.",
        "tool_choice": {"type": "function", "name": "weather"},
        "parallel_tool_calls": False,
        "temperature": 0.0,
        "top_p": 0.5,
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_schema", **schema}},
        "max_output_tokens": 9,
    }


def test_simple_choices_and_formats_pass_through():
    sent = body(
        tools=(WEATHER,), tool_choice="required", response_format={"type": "json_object"}
    )  # fmt: skip
    assert sent["tool_choice"] == "required"
    assert sent["text"] == {"format": {"type": "json_object"}}
    assert "text" not in body(response_format="auto")


def test_the_whole_history_goes_out_calls_before_their_outputs():
    calls = (ToolCall("a", "weather", '{"city": "Paris"}'), ToolCall("b", "weather", "nope"))
    transcript = Transcript(
        [
            UserItem("hi"),
            ToolCallsItem(calls, "Looking."),
            ToolOutputItem("a", "sunny"),
            ToolOutputItem("b", "bad arguments"),
            AssistantItem("done"),
        ]
    )
    sent = body(transcript)["input"]
    assert [one["type"] for one in sent] == [
        "message", "message", "function_call", "function_call",
        "function_call_output", "function_call_output", "message",
    ]  # fmt: skip
    assert sent[2] == {
        "type": "function_call",
        "call_id": "a",
        "name": "weather",
        "arguments": '{"city": "Paris"}',
    }
    assert sent[3]["arguments"] == "{}"
    assert sent[4] == {"type": "function_call_output", "call_id": "a", "output": "sunny"}


def test_truncation_sends_the_tail():
    transcript = Transcript([UserItem("a"), AssistantItem("b"), UserItem("c")])
    assert [one["content"] for one in body(transcript, start=2)["input"]] == ["c"]
