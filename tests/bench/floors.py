"""What the same work costs by hand: plain asyncio with the same commits, bare client loops."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

ROW = json.dumps({"type": "step_finished", "output": "ok", "status": "completed", "pad": "x" * 120})


class Committer(Protocol):
    """Makes one row durable."""

    async def commit(self) -> None:
        """Return when it is."""


class EachCommit:
    """One transaction a row, synchronous=FULL, in the loop's own thread."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.execute("CREATE TABLE row (seq INTEGER PRIMARY KEY, body TEXT)")

    async def commit(self) -> None:
        """Write one row and commit it."""
        self.connection.execute("BEGIN")
        self.connection.execute("INSERT INTO row (body) VALUES (?)", (ROW,))
        self.connection.execute("COMMIT")


class TickCommit(EachCommit):
    """One transaction for all rows of one tick of the loop."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.waiting: list[asyncio.Future[None]] = []

    async def commit(self) -> None:
        """Write one row with all others of this tick."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if not self.waiting:
            loop.call_soon(self._flush)
        self.waiting.append(future)
        await future

    def _flush(self) -> None:
        waiting, self.waiting = self.waiting, []
        self.connection.execute("BEGIN")
        self.connection.executemany("INSERT INTO row (body) VALUES (?)", [(ROW,) for _ in waiting])
        self.connection.execute("COMMIT")
        for future in waiting:
            future.set_result(None)


async def step(committer: Committer) -> None:
    """Do nothing, durably."""
    await asyncio.sleep(0)
    await committer.commit()


async def chain(committer: Committer, length: int) -> None:
    """Run steps one after the other, each in a task of its own."""
    for _ in range(length):
        await asyncio.create_task(step(committer))


async def fan_out(committer: Committer, width: int) -> None:
    """Run one step, then `width` at once, then one."""
    await step(committer)
    await asyncio.gather(*[asyncio.create_task(step(committer)) for _ in range(width)])
    await step(committer)


async def many(committer: Committer, runs: int, length: int) -> None:
    """Run many chains at once."""
    await asyncio.gather(*[asyncio.create_task(chain(committer, length)) for _ in range(runs)])


TOOL = {
    "type": "function",
    "function": {
        "name": "lookup",
        "description": "Look a city up.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


async def lookup(city: str) -> str:
    """Look a city up."""
    return f"{city}: sunny"


Turn = tuple[str, list[dict[str, object]]]
Ask = Callable[[list[dict[str, object]]], Awaitable[Turn]]


async def converse(ask: Ask, extend: Callable[[dict[str, object]], None] | None = None) -> str:
    """Ask until the model answers without calling."""
    messages: list[dict[str, object]] = [{"role": "user", "content": "How is the weather?"}]
    if extend:
        extend(messages[0])
    while True:
        text, calls = await ask(messages)
        if not calls:
            return text
        said: dict[str, object] = {"role": "assistant", "tool_calls": calls}
        outputs = await asyncio.gather(
            *[lookup(**json.loads(call["function"]["arguments"])) for call in calls]  # type: ignore[index]
        )
        answers = [
            {"role": "tool", "tool_call_id": call["id"], "content": output}
            for call, output in zip(calls, outputs, strict=True)
        ]
        for message in (said, *answers):
            messages.append(message)
            if extend:
                extend(message)


def typed_loop(client: object) -> Callable[[], Awaitable[str]]:
    """A conversation by hand on the typed method, streamed."""

    async def ask(messages: list[dict[str, object]]) -> Turn:
        stream = await client.chat.completions.create(  # type: ignore[attr-defined]
            model="bench",
            messages=messages,
            tools=[TOOL],
            stream=True,
            stream_options={"include_usage": True},
        )
        text, calls = "", {}
        async for event in stream:
            if not event.choices:
                continue
            delta = event.choices[0].delta
            text += delta.content or ""
            for one in delta.tool_calls or ():
                call = calls.setdefault(
                    one.index,
                    {"type": "function", "function": {"name": "", "arguments": ""}},
                )
                if one.id:
                    call["id"] = one.id
                    call["function"]["name"] = one.function.name
                call["function"]["arguments"] += one.function.arguments or ""
        return text, list(calls.values())

    return lambda: converse(ask)


def post_loop(client: object) -> Callable[[], Awaitable[str]]:
    """A conversation by hand on the generic `post`: ready bytes out, raw events in."""
    import httpx2
    from openai import AsyncStream

    tools = json.dumps([TOOL]).encode()
    head = (
        b'{"model":"bench","stream":true,"stream_options":{"include_usage":true},"tools":' + tools
    )
    options = {"headers": {"content-type": "application/json"}}

    def conversation() -> Awaitable[str]:
        encoded: list[bytes] = []

        async def ask(messages: list[dict[str, object]]) -> Turn:
            body = head + b',"messages":[' + b",".join(encoded) + b"]}"
            response = await client.post(  # type: ignore[attr-defined]
                "/chat/completions",
                cast_to=httpx2.Response,
                content=body,
                options=options,
                stream=True,
                stream_cls=AsyncStream[object],
            )
            text, calls = "", {}
            async for line in response.aiter_lines():
                if not line.startswith("data: ") or line == "data: [DONE]":
                    continue
                event = json.loads(line[6:])
                if not event["choices"]:
                    continue
                delta = event["choices"][0]["delta"]
                text += delta.get("content") or ""
                for one in delta.get("tool_calls") or ():
                    call = calls.setdefault(
                        one["index"],
                        {"type": "function", "function": {"name": "", "arguments": ""}},
                    )
                    if one.get("id"):
                        call["id"] = one["id"]
                        call["function"]["name"] = one["function"]["name"]
                    call["function"]["arguments"] += one["function"].get("arguments") or ""
            await response.aclose()
            return text, list(calls.values())

        return converse(ask, lambda message: encoded.append(json.dumps(message).encode()))

    return conversation
