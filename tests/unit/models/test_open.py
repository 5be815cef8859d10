import asyncio
import subprocess
import sys

import pytest

from flowrun.models.endpoint import Endpoint
from flowrun.models.open import open_model
from flowrun.ports.models import ModelRequest, Transcript, UserItem
from tests.support.endpoint import say, serve


@pytest.mark.parametrize(
    ("wire", "path"), [("chat", "/v1/chat/completions"), ("responses", "/v1/responses")]
)
def test_the_wire_decides_the_path(wire, path):
    async def run(base_url):
        client = open_model(Endpoint(name="e", base_url=base_url, wire=wire))
        request = ModelRequest(model="m", transcript=Transcript([UserItem("hi")]))
        events = [event async for event in client.respond(request)]
        await client.close()
        return events[-1].text

    with serve(say("hello")) as server:
        assert asyncio.run(run(server.base_url)) == "hello"
        assert server.requests[0].path == path


def test_opening_a_client_loads_neither_the_sdk_nor_http():
    probe = (
        "import sys; from flowrun.models.endpoint import Endpoint; "
        "from flowrun.models.open import open_model; "
        "open_model(Endpoint(name='e', base_url='http://h/v1')); "
        "print([one for one in ('openai', 'httpx2', 'anyio') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
