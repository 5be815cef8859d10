"""Records survive their rows, whatever texts people and models put into them."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.assistants.records import (
    Assistant,
    LastError,
    Message,
    NewAssistant,
    RefusalPart,
    RunState,
    RunStep,
    TextPart,
    Thread,
    Truncation,
)
from flowrun.assistants.rows import sqlable
from flowrun.assistants.store import AssistantStore
from flowrun.ports.models import FunctionTool, TokenUsage, ToolCall
from flowrun.storage.database import open_database
from tests.unit.assistants.test_turnplan import run

TEXTS = st.text(st.characters(codec=None), max_size=20)
"""Half surrogate pairs and null characters included."""

TOKENS = st.builds(TokenUsage, *[st.integers(0, 10**9)] * 5)
ERRORS = st.none() | st.builds(LastError, st.just("server_error"), TEXTS, st.none() | TEXTS)
PARTS = st.builds(TextPart, TEXTS, st.just(()) | st.just(({"type": "x", "n": 1},)))
MESSAGES = st.builds(
    Message,
    id=st.just("msg_1"),
    thread_id=st.just("thread_1"),
    place=st.just(1),
    created_at=st.integers(0, 2**40),
    role=st.sampled_from(["user", "assistant"]),
    content=st.lists(PARTS | st.builds(RefusalPart, TEXTS), max_size=3).map(tuple),
    status=st.sampled_from(["completed", "incomplete"]),
    ended_at=st.none() | st.integers(0, 2**40),
    cut=st.sampled_from([None, "run_failed"]),
    assistant_id=st.sampled_from([None, "asst_1"]),
    run_id=st.sampled_from([None, "run_1"]),
    metadata=st.dictionaries(TEXTS, TEXTS, max_size=2),
)
STEPS = st.builds(
    RunStep,
    id=st.just("step_1"),
    run_id=st.just("run_1"),
    thread_id=st.just("thread_1"),
    assistant_id=st.just("asst_1"),
    place=st.just(2),
    created_at=st.integers(0, 2**40),
    status=st.sampled_from(["in_progress", "completed", "failed", "cancelled", "expired"]),
    calls=st.lists(st.builds(ToolCall, TEXTS, TEXTS, TEXTS), max_size=3).map(tuple),
    outputs=st.none() | st.lists(TEXTS, max_size=3).map(tuple),
    tokens=st.none() | TOKENS,
    ended_at=st.none() | st.integers(0, 2**40),
    last_error=ERRORS,
)
STATES = st.builds(
    RunState,
    status=st.sampled_from(["queued", "requires_action", "incomplete", "failed"]),
    started_at=st.none() | st.integers(0, 2**40),
    ended_at=st.none() | st.integers(0, 2**40),
    tokens=TOKENS,
    prompt_charged=st.integers(0, 10**9),
    completion_charged=st.integers(0, 10**9),
    last_error=ERRORS,
)
THREAD = Thread(id="thread_1", number=1, created_at=5, label="l", metadata={"k": "v"})


def kept(work):
    """Run `work` on a store of its own and return what it returns."""

    async def main(folder):
        database = open_database(Path(folder) / "s.db", holder="test", durability="process")
        try:
            store = AssistantStore(database)
            store.add_thread(THREAD)
            return await work(store)
        finally:
            database.close()

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(main(folder))


@settings(max_examples=25, deadline=None)
@given(MESSAGES, STEPS, STATES)
def test_messages_steps_and_runs_come_back_as_they_were(message, step, state):
    one = run(state, instructions="x", tool_choice={"type": "function"}, max_prompt_tokens=9)

    async def work(store):
        store.add_run(1, one, "digest")
        store.add_message(1, message)
        store.add_step(1, step)
        await store.settle(store.mark)
        return store.run(identifier="run_1"), store.messages(THREAD), store.steps(THREAD)

    assert kept(work) == (one, [message], [step])


def test_what_changes_of_a_run_and_a_step_is_what_comes_back():
    one = run(truncation=Truncation("last_messages", 3), response_format={"type": "json_object"})
    step = RunStep(
        id="step_1",
        run_id="run_1",
        thread_id="thread_1",
        assistant_id="asst_1",
        place=1,
        created_at=0,
        status="in_progress",
        calls=(ToolCall("c", "look", "{}"),),
    )
    ended = replace(step, status="completed", outputs=("seen",), ended_at=9)
    over = replace(one, state=RunState(status="incomplete", ended_at=9, cut="max_prompt_tokens"))

    async def work(store):
        store.add_run(1, one, "digest")
        store.add_step(1, step)
        store.end_step(1, ended)
        store.set_run_state(over)
        await store.settle(store.mark)
        return store.run(identifier="run_1"), store.steps(THREAD)

    assert kept(work) == (over, [ended])


def test_assistants_and_threads_come_back_by_id_and_by_label():
    tool = FunctionTool(name="look", description="Look", parameters={"type": "object"}, strict=True)
    spec = NewAssistant(
        model="m", name="guide", tools=(tool,), response_format={"a": [1]}, metadata={"k": "v"}
    )
    assistant = Assistant(id="asst_1", created_at=5, label="l", spec=spec)

    async def work(store):
        store.add_assistant(1, assistant)
        await store.settle(store.mark)
        return (
            store.assistant(identifier="asst_1"),
            store.assistant(label="l"),
            store.assistant(label="other"),
            store.thread(identifier="thread_1"),
            store.thread(label="l"),
        )

    assert kept(work) == (assistant, assistant, None, THREAD, THREAD)


def test_labels_lose_no_more_than_half_surrogate_pairs():
    assert sqlable("Zürich") == "Zürich"
    assert sqlable("\ud800") == "\\ud800"
