"""The crash file: what a maintainer needs to know of a bug, and nothing secret."""

import platform
import sys
import tempfile
import traceback
from pathlib import Path

from flowrun.ids import VERSION


def write_crash(failure: BaseException) -> tuple[str, str]:
    """Write a crash file and return a sentence and a hint.

    The file holds versions and the places of the failure. Values are left out: they may be
    somebody's data, or a secret.
    """
    frames = "".join(
        f"  {frame.filename}:{frame.lineno} in {frame.name}\n"
        for frame in traceback.extract_tb(failure.__traceback__)
    )
    text = (
        f"flowrun {VERSION}, Python {platform.python_version()}, {platform.platform()}\n"
        f"command: {' '.join(sys.argv[1:2])}\n"
        f"{type(failure).__name__}\n{frames}"
    )
    with tempfile.NamedTemporaryFile(
        "w", prefix="flowrun-crash-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    sentence = (
        f"this is a bug in flowrun ({type(failure).__name__}); it is described in {Path(file.name)}"
    )
    return sentence, "please report it with that file; a run that was under way can be resumed"
