"""What the SDK is asked to do; how it does on the network is in `test_client`."""

import asyncio

import pytest

from flowrun.clock import ManualClock
from flowrun.errors import EndpointLimited, EndpointRefused, EndpointUnavailable
from flowrun.models.endpoint import Endpoint
from flowrun.models.sdk import SdkClient
from tests.support.endpoint import Fail, Frames, Stall, serve

BODY = b'{"model": "m", "stream": true}'


def post(base_url, **settings):
    async def run():
        client = SdkClient(Endpoint(name="e", base_url=base_url, **settings), ManualClock())
        try:
            answer = await client.post("/chat/completions", BODY, "m")
            chunks = [chunk async for chunk in answer.chunks()]
            await answer.close()
            return answer.content_type, b"".join(chunks)
        finally:
            await client.close()

    return asyncio.run(run())


def test_bytes_go_out_and_come_in_as_they_are():
    with serve(Frames([b"data: a\n\n", b"data: b\n\n"], "Text/Event-Stream")) as server:
        assert post(server.base_url) == ("text/event-stream", b"data: a\n\ndata: b\n\n")
        request = server.requests[0]
    assert request.body == {"model": "m", "stream": True}
    assert request.headers["content-length"] == str(len(BODY))
    assert request.headers["accept-encoding"] == "identity"
    assert not [name for name in request.headers if name.startswith("x-stainless-os")]


def test_a_date_to_retry_after_counts_from_the_clock():
    headers = {"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}
    with serve(Fail(429, {}, headers)) as server, pytest.raises(EndpointLimited) as caught:
        post(server.base_url)
    assert caught.value.retry_after_s == 10.0


def test_behind_a_proxy_the_library_s_own_pool_is_used(monkeypatch):
    """It knows proxies; a server that stands in for one shows that the request came to it."""
    with serve(Frames([b"data: a\n\n"])) as proxy:
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.base_url.removesuffix("/v1"))
        assert post("http://model.invalid/v1")[1] == b"data: a\n\n"
        assert proxy.requests[0].path == "http://model.invalid/v1/chat/completions"


def test_a_slash_at_the_end_of_the_base_url_makes_no_difference():
    with serve(Frames([b"data: a\n\n"])) as server:
        post(server.base_url + "/")
        assert server.requests[0].path == "/v1/chat/completions"


def test_a_server_without_tls_behind_https_runs_into_the_connect_timeout():
    with serve(Stall()) as server, pytest.raises(EndpointUnavailable) as caught:
        post(server.base_url.replace("http:", "HTTPS:"), connect_timeout_s=0.2)
    assert f"no connection to https://127.0.0.1:{server.port}/v1 within 0.2 s" in str(caught.value)


@pytest.mark.parametrize("url", ["gopher://user:hunter2hunter2@host", "socks9://host:1"])
def test_a_proxy_of_another_kind_is_refused_and_not_shown(monkeypatch, url):
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", url)
    with pytest.raises(EndpointRefused) as caught:
        post("http://127.0.0.1:1/v1")
    assert str(caught.value) == (
        "endpoint `e`: expected the address of an HTTP proxy in `HTTP_PROXY`, found another kind"
    )
