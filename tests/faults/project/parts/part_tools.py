"""A tool of the sub-flow: it lies beside that flow's file and not beside the other tools."""

import os
import time
from pathlib import Path

from flowrun.tools.invocation import current_invocation


def pack(order: int) -> dict[str, int]:
    """Pack a parcel. It must not happen twice."""
    call = current_invocation.get()
    assert call is not None
    for word in ("begins", "effect", "ends"):
        line = f"{word} {call.run_id} pack {order} {call.idempotency_key} {os.getpid()}\n"
        with Path(os.environ["FAULTS_LEDGER"]).open("a") as file:
            file.write(line)
        time.sleep(0.005)
    return {"order": order}
