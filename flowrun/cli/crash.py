"""The crash file: what a maintainer needs to know of a bug, and nothing secret."""

import platform
import tempfile
import traceback
from collections.abc import Iterator

from flowrun.ids import VERSION

MOST_FRAMES = 60
"""Of one exception, from where it was raised."""


def write_crash(failure: BaseException, command: str) -> tuple[str, str]:
    """Write a crash file and return a sentence and a hint.

    The file holds versions and the places of the failure. Values are left out: they may be
    somebody's data, or a secret.

    Args:
        failure: What was raised.
        command: Which of our commands was given, without its arguments.
    """
    machine = f"{platform.system()} {platform.machine()}"
    text = f"flowrun {VERSION}, Python {platform.python_version()}, {machine}\ncommand: {command}\n"
    text += "".join(_told(failure))
    name = type(failure).__name__
    hint = "please report it with that file; a run that was under way can be resumed"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="flowrun-crash-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
    except OSError:  # no folder for temporary files: then it is told at once
        return f"this is a bug in flowrun ({name}), in these places:\n{text}", hint
    return f"this is a bug in flowrun ({name}); it is described in {file.name}", hint


def _told(failure: BaseException) -> Iterator[str]:
    """Yield the failure and those that led to it, the last one first."""
    seen: set[int] = set()
    one: BaseException | None = failure
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield f"{type(one).__name__}\n"
        for frame in traceback.extract_tb(one.__traceback__)[-MOST_FRAMES:]:
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}\n"
        if isinstance(one, BaseExceptionGroup):
            for inner in one.exceptions:
                yield from _told(inner)
        one = one.__cause__ or one.__context__
