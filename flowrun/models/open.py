"""From an endpoint's settings to the client that speaks its wire."""

from flowrun.clock import Clock
from flowrun.models.chat import ChatWire
from flowrun.models.client import EndpointClient
from flowrun.models.endpoint import Endpoint
from flowrun.models.reading import Wire
from flowrun.models.responses import ResponsesWire
from flowrun.ports.models import ModelClient


def open_model(endpoint: Endpoint, *, clock: Clock | None = None) -> ModelClient:
    """Return a client for the endpoint. Nothing is loaded or connected before its first turn."""
    wire: Wire
    match endpoint.wire:
        case "chat":
            wire = ChatWire(legacy_max_tokens=endpoint.legacy_max_tokens)
        case "responses":
            wire = ResponsesWire()
    return EndpointClient(endpoint, wire, clock=clock)
