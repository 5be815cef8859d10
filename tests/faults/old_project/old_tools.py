"""Tools of a flow of issue 1. Its runs hold them to this very text: never edit it."""

import os
import time

from flowrun.tools.invocation import current_invocation


def _note(word: str, tool: str, order: int) -> None:
    call = current_invocation.get()
    line = f"{word} {call.run_id} {tool} {order} {call.idempotency_key} {os.getpid()}\n"
    file = os.open(os.environ["FAULTS_LEDGER"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(file, line.encode())
    os.close(file)


def look(order: int) -> dict[str, int]:
    """Look something up."""
    _note("begins", "look", order)
    _note("ends", "look", order)
    return {"order": order}


def ship(order: int) -> dict[str, int]:
    """Ship a parcel."""
    _note("begins", "ship", order)
    time.sleep(0.2)
    _note("effect", "ship", order)
    time.sleep(0.2)
    _note("ends", "ship", order)
    return {"order": order}
