"""The one module that imports `openai`: a client for one endpoint, and raw answers from it.

Importing this costs a third of a second, so `models.client` does it when the first request is made.
The typed methods of the SDK are not used: they walk the whole history on every call, and their
stream helpers break on what real servers send. Its exceptions end here; those raised instead have
no cause, because the SDK's own words may quote the key.
"""

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from importlib.util import find_spec
from socket import gaierror
from typing import cast
from urllib.parse import urlsplit
from urllib.request import getproxies

import anyio
import httpx2
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AsyncStream,
    Omit,
)

from flowrun.clock import Clock
from flowrun.errors import EndpointError
from flowrun.models import failures
from flowrun.models.endpoint import Endpoint
from flowrun.models.retries import read_retry_after
from flowrun.models.shelf import ShelfTransport
from flowrun.models.wire_json import decode

_WORLD = (
    APIConnectionError,
    httpx2.RequestError,
    # These two escape the HTTP library unmapped; the SDK lists them for the same reason.
    ssl.SSLError,
    anyio.EndOfStream,
)
_PROXY_KINDS = ("http", "https", "all")
_PLACEHOLDER_KEY = "none"
"""The SDK insists on a key. It is not sent."""


class SdkClient:
    """Posts ready bytes and hands back the answer, unread."""

    def __init__(self, endpoint: Endpoint, clock: Clock) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._client = _Client(endpoint)
        names = {name.lower() for name in endpoint.headers}
        keyless = not endpoint.api_key and "authorization" not in names
        self._headers: Mapping[str, str | Omit] = {"Authorization": Omit()} if keyless else {}

    async def post(self, path: str, body: bytes, model: str) -> "Answer":
        """Send one request and wait for the head of its answer; the caller closes it.

        Raises:
            EndpointError: no connection, no answer, or a status other than success.
        """
        try:
            response = await self._client.post(
                path,
                cast_to=httpx2.Response,
                content=body,
                options={"headers": self._headers, "follow_redirects": False},
                stream=True,
                stream_cls=AsyncStream[object],
            )
        except APIStatusError as exc:
            problem = self._refusal(exc.response, model)
        except _WORLD as exc:
            problem = _name(self._endpoint, exc)
        else:
            # Asked to cast to the HTTP response, the SDK returns that and makes no stream of it.
            return Answer(self._endpoint, cast(httpx2.Response, response))
        raise problem

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    def _refusal(self, response: httpx2.Response, model: str) -> EndpointError:
        headers = response.headers
        try:
            said = failures.read_error(decode(response.content))
        except ValueError:
            said = None  # a proxy's page; its words help nobody
        message, code = (said.message, said.code) if said else ("", "")
        if not message and 300 <= response.status_code < 400:
            message = headers.get("location", "")
        return failures.failure(
            self._endpoint,
            model,
            failures.ServerError(message, code, response.status_code),
            retry_after_s=read_retry_after(
                headers.get("retry-after-ms"), headers.get("retry-after"), self._clock.now()
            ),
        )


class Answer:
    """The head of an answer, and its body as it comes."""

    def __init__(self, endpoint: Endpoint, response: httpx2.Response) -> None:
        self._endpoint = endpoint
        self._response = response
        self.content_type: str = response.headers.get("content-type", "").lower()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as the network delivers it.

        Raises:
            EndpointError: silence for too long, or the connection broke.
        """
        try:
            async with aclosing(self._response.aiter_bytes()) as body:
                async for chunk in body:
                    yield chunk
        except _WORLD as exc:
            problem = _name(self._endpoint, exc, answering=True)
        else:
            return
        raise problem

    async def close(self) -> None:
        """Let go of the connection; one with an unread answer is closed, which ends the request."""
        await self._response.aclose()


class _Client(AsyncOpenAI):
    """The SDK's client with a fixed set of headers: none from the environment, none about us."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._flowrun_headers: dict[str, str | Omit] = {
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",  # compression makes proxies hold a stream back
            "Content-Type": "application/json",
            "User-Agent": "flowrun",
            **endpoint.headers,
        }
        super().__init__(
            api_key=endpoint.api_key or _PLACEHOLDER_KEY,
            admin_api_key="",
            organization="",
            project="",
            webhook_secret="",
            base_url=endpoint.base_url,
            max_retries=0,
            http_client=_quick_client(endpoint),
            timeout=httpx2.Timeout(
                endpoint.read_timeout_s, connect=endpoint.connect_timeout_s, pool=None
            ),
        )

    @property
    def default_headers(self) -> dict[str, str | Omit]:
        return self._flowrun_headers


def _quick_client(endpoint: Endpoint) -> httpx2.AsyncClient | None:
    """Return a client with a shelf of connections, or None for the SDK's own behind a proxy.

    Raises:
        EndpointRefused: the environment names a proxy that cannot be used.
    """
    proxies = {kind: url for kind, url in getproxies().items() if kind in _PROXY_KINDS}
    for kind, url in proxies.items():
        if not _is_usable_proxy(url):
            raise failures.unusable_proxy(endpoint, f"{kind.upper()}_PROXY")
    if proxies:
        return None
    if urlsplit(endpoint.base_url).scheme == "https":
        tls = httpx2.create_ssl_context()
    else:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used; the real one takes 20 ms
    one = httpx2.Limits(max_connections=1, max_keepalive_connections=1)
    return httpx2.AsyncClient(
        transport=ShelfTransport(lambda: httpx2.AsyncHTTPTransport(verify=tls, limits=one))
    )


def _is_usable_proxy(url: str) -> bool:
    """Tell whether the HTTP library takes the proxy; it puts `http://` before a bare host."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme in ("http", "https"):
        return True
    return scheme in ("socks5", "socks5h") and find_spec("socksio") is not None


def _name(endpoint: Endpoint, exc: Exception, *, answering: bool = False) -> EndpointError:
    reason = exc.__cause__ if isinstance(exc, APITimeoutError | APIConnectionError) else exc
    if isinstance(reason, httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return failures.connect_timeout(endpoint)
    if isinstance(reason, httpx2.TimeoutException):
        return failures.read_timeout(endpoint)
    if "CERTIFICATE_VERIFY_FAILED" in str(reason):
        return failures.untrusted(endpoint)
    if isinstance(reason, httpx2.ConnectError | httpx2.ProxyError | httpx2.UnsupportedProtocol):
        return failures.refused_connection(endpoint, _why_unreachable(reason))
    if answering:
        return failures.cut_stream(endpoint)
    return failures.no_answer(endpoint)


def _why_unreachable(reason: BaseException) -> str:
    """Return why no connection came about; the library's own sentence names no reason."""
    waiting = [reason]
    while waiting:
        match waiting.pop(0):
            case ConnectionRefusedError():
                return "connection refused"
            case gaierror():
                return "no such host"
            case BaseExceptionGroup() as group:
                waiting.extend(group.exceptions)
            case other:
                waiting += filter(None, (other.__cause__, other.__context__))
    return str(reason)
