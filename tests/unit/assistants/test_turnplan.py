"""What a turn sends, and when a budget forbids it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.assistants.records import (
    AssistantRun,
    RunOptions,
    RunSnapshot,
    RunState,
    Truncation,
)
from flowrun.assistants.turnplan import (
    ITEM_TOKENS,
    Weights,
    charge_turn,
    choice_of_turn,
    estimate_tokens,
    plan_turn,
    sent_format,
    truncated_start,
    weigh,
)
from flowrun.ports.models import (
    AssistantItem,
    FunctionTool,
    ModelTurn,
    TokenUsage,
    ToolCall,
    ToolCallsItem,
    ToolOutputItem,
    Transcript,
    UserItem,
)

TOOL = FunctionTool(name="look", description="Look", parameters={})
CALLS = ToolCallsItem((ToolCall("c", "look", "{}"),))
TALK = [UserItem("a" * 40), AssistantItem("b" * 40), UserItem("c" * 40), CALLS]


def run(state=None, tools=(), instructions="", **options) -> AssistantRun:
    return AssistantRun(
        id="run_1",
        number=1,
        thread_id="thread_1",
        assistant_id="asst_1",
        created_at=0,
        deadline=600,
        first_place=1,
        snapshot=RunSnapshot(
            model="m",
            endpoint="",
            assistant="guide",
            instructions=instructions,
            tools=tools,
            temperature=None,
            top_p=None,
            reasoning_effort=None,
            response_format=None,
        ),
        options=RunOptions(**options),
        state=state or RunState(),
    )


def planned(one: AssistantRun, items=TALK, first_item=None, turn=0):
    transcript = Transcript(list(items))
    first = len(items) if first_item is None else first_item
    return plan_turn(one, Weights(transcript), transcript, first_item=first, turn=turn)


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("ü" * 4, 2)]
)
def test_tokens_are_a_quarter_of_the_bytes_rounded_up(text, tokens):
    assert estimate_tokens(text) == tokens


def test_half_a_surrogate_pair_is_weighed_like_any_letter():
    assert estimate_tokens("\ud800abc") == 1


def test_every_kind_of_item_has_a_weight():
    assert weigh(UserItem("abcd")) == ITEM_TOKENS + 1
    assert weigh(CALLS) == ITEM_TOKENS + 2
    assert weigh(ToolOutputItem("c", "abcd")) == ITEM_TOKENS + 1


def test_a_forced_choice_is_forced_once():
    named = {"type": "function", "function": {"name": "look"}}
    for choice in ("required", named):
        assert choice_of_turn(choice, 0) == choice
        assert choice_of_turn(choice, 1) is None
    for choice in ("none", "auto"):
        assert choice_of_turn(choice, 1) == choice


@pytest.mark.parametrize("asked", [None, "auto", {"type": "text"}])
def test_plain_text_needs_no_response_format(asked):
    assert sent_format(asked) is None


def test_a_structured_response_format_is_sent_as_it_is():
    assert sent_format({"type": "json_object"}) == {"type": "json_object"}


def test_the_whole_conversation_is_sent_unless_something_bounds_it():
    request = planned(run())
    assert (request.start, request.max_output_tokens) == (0, None)


def test_parallel_calls_are_not_mentioned_to_a_model_without_tools():
    assert planned(run(parallel_tool_calls=False)).parallel_tool_calls is None
    assert planned(run(tools=(TOOL,), parallel_tool_calls=False)).parallel_tool_calls is False


@pytest.mark.parametrize(("count", "start"), [(1, 2), (2, 1), (3, 0), (9, 0)])
def test_last_messages_counts_back_from_where_the_run_began(count, start):
    truncation = Truncation("last_messages", count)
    assert truncated_start(TALK, truncation, 3) == start


def test_rounds_of_calls_are_no_messages_unless_something_was_said():
    items = [UserItem("a"), CALLS, ToolOutputItem("c", "x"), AssistantItem("b"), UserItem("c")]
    assert truncated_start(items, Truncation("last_messages", 3), 5) == 0
    said = [UserItem("a"), ToolCallsItem((), "hm"), ToolOutputItem("c", "x"), UserItem("c")]
    assert truncated_start(said, Truncation("last_messages", 2), 4) == 1


def test_the_completion_budget_is_what_is_left_of_it():
    request = planned(run(RunState(completion_charged=30), max_completion_tokens=100))
    assert request.max_output_tokens == 70
    spent = run(RunState(completion_charged=100), max_completion_tokens=100)
    assert planned(spent) == "max_completion_tokens"


def test_the_prompt_budget_drops_history_up_to_a_user_message():
    whole = sum([weigh(item) for item in TALK])
    assert planned(run(max_prompt_tokens=whole)).start == 0
    assert planned(run(max_prompt_tokens=whole - 1)).start == 2
    assert planned(run(RunState(prompt_charged=10), max_prompt_tokens=whole)).start == 2


def test_the_prompt_budget_ends_a_run_rather_than_cut_its_question():
    least = weigh(TALK[2]) + weigh(TALK[3])
    assert planned(run(max_prompt_tokens=least)).start == 2
    assert planned(run(max_prompt_tokens=least - 1)) == "max_prompt_tokens"


def test_instructions_and_tools_are_part_of_the_prompt():
    whole = sum([weigh(item) for item in TALK])
    assert planned(run(instructions="x" * 40, max_prompt_tokens=whole + 9)).start == 2
    assert planned(run(tools=(TOOL,), max_prompt_tokens=whole + 1)).start == 2


def test_both_truncations_hold_at_once():
    whole = sum([weigh(item) for item in TALK])
    one = run(truncation=Truncation("last_messages", 2), max_prompt_tokens=whole)
    assert planned(one, first_item=3).start == 1


@given(
    st.lists(st.sampled_from([UserItem("q" * 20), AssistantItem("a" * 36), CALLS]), max_size=12),
    st.integers(0, 80),
    st.integers(0, 12),
)
def test_the_start_is_the_earliest_allowed_one_that_fits(items, allowance, floor):
    floor = min(floor, len(items))
    allowed = [floor] + [
        index for index in range(floor, len(items)) if isinstance(items[index], UserItem)
    ]
    fitting = [
        start for start in allowed if sum([weigh(one) for one in items[start:]]) <= allowance
    ]
    found = Weights(Transcript(items)).start_within(allowance, floor)
    assert found == (min(fitting) if fitting else None)


def test_weights_grow_with_the_transcript():
    transcript = Transcript([UserItem("abcd")])
    weights = Weights(transcript)
    assert weights.since(0) == ITEM_TOKENS + 1
    transcript.items.append(AssistantItem("abcd"))
    assert weights.since(0) == 2 * (ITEM_TOKENS + 1)
    assert weights.since(1) == ITEM_TOKENS + 1


def test_budgets_are_charged_with_what_the_endpoint_reported():
    transcript = Transcript(list(TALK))
    weights = Weights(transcript)
    request = planned(run())
    state = RunState(prompt_charged=1, completion_charged=2)
    turn = ModelTurn("hello", (), "stop", TokenUsage(100, 10, 110))
    assert charge_turn(state, request, weights, turn) == (101, 12)


def test_budgets_are_charged_with_an_estimate_where_nothing_was_reported():
    weights = Weights(Transcript(list(TALK)))
    turn = ModelTurn("abcd", (ToolCall("c", "look", "{}12"),), "tool_calls", None)
    prompt, completion = charge_turn(RunState(), planned(run(instructions="abcd")), weights, turn)
    assert (prompt, completion) == (weights.since(0) + 1, 3)
