"""What the local runtime adds to the contract: nothing is lost on the way to the service."""

import asyncio
from dataclasses import fields

from flowrun.ports.models import FunctionTool
from flowrun.ports.runtime import AssistantDefinition, RunEnded, RunRequest
from flowrun.runtimes.local import LocalRuntime
from tests.support.desk import at_desk
from tests.support.models import Reply, say

TOOL = FunctionTool(name="look", description="Look", parameters={"type": "object"}, strict=True)
EVERYTHING = {
    "name": "guide",
    "model": "m",
    "endpoint": "far",
    "instructions": "Be brief.",
    "description": "A guide",
    "tools": (TOOL,),
    "temperature": 0.5,
    "top_p": 0.9,
    "reasoning_effort": "low",
    "response_format": {"type": "json_object"},
    "metadata": (("k", "v"),),
}


def test_every_field_of_a_definition_reaches_the_assistant(tmp_path):
    assert set(EVERYTHING) == {field.name for field in fields(AssistantDefinition)}

    async def work(desk):
        assistant_id = await LocalRuntime(desk.service).put_assistant(
            AssistantDefinition(**EVERYTHING)
        )
        spec = desk.service.assistant(assistant_id).spec
        found = {name: getattr(spec, name) for name in EVERYTHING}
        assert found == {**EVERYTHING, "metadata": {"k": "v"}}

    at_desk(tmp_path / "s.db", work)


def test_every_field_makes_another_assistant(tmp_path):
    async def work(desk):
        runtime = LocalRuntime(desk.service)
        plain = {"name": "other", "model": "other"}
        ids = {await runtime.put_assistant(AssistantDefinition(**plain))}
        for name, value in EVERYTHING.items():
            ids.add(await runtime.put_assistant(AssistantDefinition(**{**plain, name: value})))
        assert len(ids) == 1 + len(EVERYTHING)

    at_desk(tmp_path / "s.db", work)


def test_metadata_of_threads_and_runs_are_kept(tmp_path):
    async def work(desk):
        runtime = LocalRuntime(desk.service)
        thread_id = await runtime.open_thread("label", (("k", "v"),))
        assert desk.service.thread(thread_id).metadata == {"k": "v"}
        request = RunRequest(
            thread_id=thread_id,
            assistant_id=desk.assistant(),
            label="run",
            message="hi",
            metadata=(("a", "b"),),
        )
        async for event in runtime.start_run(request):
            last = event
        run = await desk.service.run(thread_id, last.run_id)
        assert run.metadata == {"a": "b"}

    at_desk(tmp_path / "s.db", work, say("hello"))


def test_a_refusal_is_a_message_like_any_other(tmp_path):
    async def work(desk):
        runtime = LocalRuntime(desk.service)
        request = RunRequest(
            thread_id=await runtime.open_thread("label"),
            assistant_id=desk.assistant(),
            label="run",
            message="hi",
        )
        events = [event async for event in runtime.start_run(request)]
        assert isinstance(events[-1], RunEnded)
        assert (events[-1].status, events[-1].messages) == ("completed", ("I will not",))

    at_desk(tmp_path / "s.db", work, Reply(refusal="I will not"))


def test_many_conversations_at_once_keep_to_themselves(tmp_path):
    async def work(desk):
        runtime = LocalRuntime(desk.service)

        async def converse(number):
            thread_id = await runtime.open_thread(f"thread {number}")
            request = RunRequest(
                thread_id=thread_id,
                assistant_id=assistant,
                label=f"run {number}",
                message=f"question {number}",
            )
            *_, ended = [event async for event in runtime.start_run(request)]
            messages = await desk.service.messages(thread_id)
            assert messages[0].text == f"question {number}"
            return ended.messages

        assistant = desk.assistant()
        answers = await asyncio.gather(*[converse(number) for number in range(20)])
        assert len(set(answers)) == 20

    at_desk(tmp_path / "s.db", work, *[say(f"answer {number}") for number in range(20)])
