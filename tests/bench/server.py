"""A local model endpoint that costs next to nothing: canned streams, one process of its own.

Each conversation asks for tools in its first `rounds` turns and answers in the next. Which turn a
request is, is read from the number of tool outputs in it.
"""

import asyncio
import json
import sys

CALLS = 4
TEXT = "It is sunny in every city you asked about, so take a hat and leave the coat at home. "


def chunk(delta: dict[str, object], finish: str | None = None) -> bytes:
    """Return one chunk as the wire has it."""
    body = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "bench",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def usage_chunk() -> bytes:
    """Return the last chunk, with the usage."""
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    body = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1,
            "model": "bench", "choices": [], "usage": usage}  # fmt: skip
    return b"data: " + json.dumps(body).encode() + b"\n\ndata: [DONE]\n\n"


def tool_stream(turn: int) -> bytes:
    """Return a turn that asks for `CALLS` calls at once."""
    parts = [chunk({"role": "assistant", "content": None})]
    for index in range(CALLS):
        head = {"id": f"call_{turn}_{index}", "type": "function", "index": index}
        function = {"name": "lookup", "arguments": ""}
        parts.append(chunk({"tool_calls": [{**head, "function": function}]}))
        parts += [
            chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
            for piece in ('{"city":', ' "Paris"}')
        ]
    return b"".join([*parts, chunk({}, "tool_calls"), usage_chunk()])


def text_stream() -> bytes:
    """Return a turn that answers, word by word."""
    words = [chunk({"content": word + " "}) for word in TEXT.split()]
    return b"".join([chunk({"role": "assistant"}), *words, chunk({}, "stop"), usage_chunk()])


async def serve(rounds: int) -> None:
    """Serve until killed; the port is the first line on standard output."""
    tools = [_response(tool_stream(turn)) for turn in range(rounds)]
    answer = _response(text_stream())

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                turn = body.count(b'"tool_call_id"') // CALLS
                writer.write(tools[turn] if turn < rounds else answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def _response(body: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
