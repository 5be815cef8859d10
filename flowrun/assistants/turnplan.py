"""Decide a run's next model turn: what is sent, how much of it, or that the budget is spent.

Token counts are not known before an endpoint reports them, so prompts are weighed by a rule:
a quarter of the UTF-8 bytes, rounded up, and four for the framing of each item. Budgets are
charged with what the endpoint reported, or with the estimate where it reported nothing.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from flowrun.assistants.records import AssistantRun, RunCut, RunSnapshot, RunState, Truncation
from flowrun.ids import JsonValue, canonical_json
from flowrun.ports.models import (
    FunctionTool,
    ModelRequest,
    ModelTurn,
    ToolCallsItem,
    ToolOutputItem,
    Transcript,
    TranscriptItem,
    UserItem,
)

ITEM_TOKENS = 4
"""Charged for the framing of one transcript item."""


def estimate_tokens(text: str) -> int:
    """Return a quarter of the text's UTF-8 bytes, rounded up."""
    size = len(text) if text.isascii() else len(text.encode(errors="replace"))
    return (size + 3) // 4


class Weights:
    """Estimated tokens of a transcript, summed from its start; grows in step with it."""

    __slots__ = ("_openings", "_sums", "_transcript")

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._sums = [0]
        self._openings: list[int] = []

    def since(self, start: int) -> int:
        """Return the weight of everything from an item on."""
        self._grow()
        return self._sums[-1] - self._sums[start]

    def start_within(self, allowance: int, floor: int) -> int | None:
        """Return the first item to send so that the weight stays within the allowance.

        That is `floor` where it fits, else the earliest user message after it that does. None
        when not even the last user message and what follows it fits.
        """
        if self.since(floor) <= allowance:
            return floor
        lightest = bisect_left(self._sums, self._sums[-1] - allowance)
        place = bisect_left(self._openings, max(lightest, floor))
        return self._openings[place] if place < len(self._openings) else None

    def _grow(self) -> None:
        items = self._transcript.items
        for index in range(len(self._sums) - 1, len(items)):
            item = items[index]
            if isinstance(item, UserItem):
                self._openings.append(index)
            self._sums.append(self._sums[-1] + weigh(item))


def weigh(item: TranscriptItem) -> int:
    """Return the estimated tokens of one item."""
    match item:
        case ToolCallsItem(calls=calls, text=text):
            asked = sum([estimate_tokens(call.name + call.arguments) for call in calls])
            return ITEM_TOKENS + estimate_tokens(text) + asked
        case ToolOutputItem(output=output):
            return ITEM_TOKENS + estimate_tokens(output)
        case _:
            return ITEM_TOKENS + estimate_tokens(item.text)


def plan_turn(
    run: AssistantRun, weights: Weights, transcript: Transcript, *, first_item: int, turn: int
) -> ModelRequest | RunCut:
    """Return the request of the next turn, or which budget forbids it.

    Args:
        run: The run, with what it has been charged so far.
        weights: Those of `transcript`.
        transcript: The thread's conversation.
        first_item: Index of the first item that the run itself added.
        turn: How many turns the run has taken.
    """
    options, snapshot, state = run.options, run.snapshot, run.state
    completion_left = _left(options.max_completion_tokens, state.completion_charged)
    if completion_left is not None and completion_left <= 0:
        return "max_completion_tokens"
    start = truncated_start(transcript.items, options.truncation, first_item)
    prompt_left = _left(options.max_prompt_tokens, state.prompt_charged)
    if prompt_left is not None:
        fitting = weights.start_within(prompt_left - _standing_weight(snapshot), start)
        if fitting is None:
            return "max_prompt_tokens"
        start = fitting
    return ModelRequest(
        model=snapshot.model,
        transcript=transcript,
        start=start,
        instructions=snapshot.instructions,
        tools=snapshot.tools,
        tool_choice=choice_of_turn(options.tool_choice, turn),
        parallel_tool_calls=options.parallel_tool_calls if snapshot.tools else None,
        temperature=snapshot.temperature,
        top_p=snapshot.top_p,
        reasoning_effort=snapshot.reasoning_effort,
        response_format=sent_format(options.response_format or snapshot.response_format),
        max_output_tokens=completion_left,
        assistant=snapshot.assistant,
    )


def truncated_start(
    items: Sequence[TranscriptItem], truncation: Truncation, first_item: int
) -> int:
    """Return the first item sent: `last_messages` counts back from where the run began."""
    wanted = truncation.last_messages
    if wanted is None:
        return 0
    for index in range(first_item - 1, -1, -1):
        item = items[index]
        if isinstance(item, ToolOutputItem) or not item.text:
            continue
        wanted -= 1
        if wanted == 0:
            return index
    return 0


def choice_of_turn(choice: JsonValue, turn: int) -> JsonValue:
    """Return the tool choice of a turn: a forced call is forced once, or it would never end."""
    return choice if turn == 0 or choice in ("none", "auto") else None


def sent_format(response_format: JsonValue) -> JsonValue:
    """Return the response format as a model endpoint wants it; plain text is not sent."""
    if response_format == "auto":
        return None
    if isinstance(response_format, Mapping) and response_format.get("type") == "text":
        return None
    return response_format


def charge_turn(
    state: RunState, request: ModelRequest, weights: Weights, turn: ModelTurn
) -> tuple[int, int]:
    """Return the run's charged prompt and completion tokens after a turn."""
    if turn.usage is not None:
        prompt, completion = turn.usage.prompt_tokens, turn.usage.completion_tokens
    else:
        prompt = weights.since(request.start) + estimate_tokens(request.instructions)
        asked = [call.name + call.arguments for call in turn.calls]
        completion = estimate_tokens(turn.text + turn.refusal + "".join(asked))
    return state.prompt_charged + prompt, state.completion_charged + completion


def _left(budget: int | None, charged: int) -> int | None:
    return None if budget is None else budget - charged


def _standing_weight(snapshot: RunSnapshot) -> int:
    """What every turn of the run sends besides the conversation."""
    tools = sum([_weigh_tool(tool) for tool in snapshot.tools])
    return estimate_tokens(snapshot.instructions) + tools


def _weigh_tool(tool: FunctionTool) -> int:
    return ITEM_TOKENS + estimate_tokens(
        tool.name + tool.description + canonical_json(tool.parameters)
    )
