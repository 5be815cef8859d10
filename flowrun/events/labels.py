"""Labels of steps, taken apart: `files[3]#2~1` is try 1 of iteration 2 of item 3 of step `files`.

How they are put together is said in `events.records`.
"""

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["step", "item", "iteration", "try"]
"""What a label's last suffix says it is of its step."""

_SUFFIX = re.compile(r"\[\d+\]|#\d+|~\d+")
_LAST_SUFFIX = re.compile(r"(?:\[(\d+)\]|#(\d+)|~(\d+))\Z")
_EACH = re.compile(r"each\[(\d+)(?::[0-9a-f]*)?\]\Z")
_TIMES = re.compile(r"(loop|try)\[(\d+)\]\Z")


def base_label(label: str) -> str:
    """Return the step's own label: `outer[3]/inner#2` is of step `outer/inner`."""
    return label if label.isidentifier() else _SUFFIX.sub("", label)


def level_of(label: str) -> Level:
    """Tell what the label's last part is."""
    match = _LAST_SUFFIX.search(label)
    if match is None:
        return "step"
    return "item" if match[1] else "iteration" if match[2] else "try"


def number_of(label: str) -> int | None:
    """Return the number in the label's last suffix; None for a step's own label."""
    match = _LAST_SUFFIX.search(label)
    return None if match is None else int(match[1] or match[2] or match[3])


def enclosing(label: str) -> Iterator[str]:
    """Yield the label, then each that it is a part of, the outermost last."""
    while label:
        yield label
        match = _LAST_SUFFIX.search(label)
        label = label[: match.start()] if match else label.rpartition("/")[0]


def is_among_items(label: str) -> bool:
    """Tell whether it is an item of a `foreach`, or inside one."""
    return "[" in label


def label_of_path(path: str) -> str:
    """Return the label of the step that a plan path such as `steps/a/each[0:1f..]/try[1]` is in."""
    label, segments = "", iter(path.split("/"))
    for segment in segments:
        if segment == "steps":
            name = next(segments, "")
            label = f"{label}/{name}" if label else name
        elif match := _EACH.match(segment):
            label += f"[{match[1]}]"
        elif match := _TIMES.match(segment):
            label += f"{'#' if match[1] == 'loop' else '~'}{match[2]}"
    return label
