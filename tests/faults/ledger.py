"""The ledger: what tools did to the world, in lines that nothing of flowrun's reads or writes.

`cleared` and `dies` lines are the walk's own: the moment at which nothing of earlier lives was
left, and the call that a process died at.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One line."""

    word: str
    run: str
    tool: str
    order: int
    key: str
    pid: int


def read_ledger(path: str | Path, run: str) -> list[Line]:
    """Return the lines of a run, in the order in which they were written."""
    try:
        text = Path(path).read_text()
    except FileNotFoundError:
        return []
    lines = [one.split() for one in text.splitlines()]
    return [
        Line(word, whose, tool, 0 if order == "-" else int(order), key, int(pid))
        for word, whose, tool, order, key, pid in lines
        if whose == run
    ]


def effects(lines: Sequence[Line]) -> Counter[tuple[str, int]]:
    """Return how often each call took place in the world, by tool and order.

    Who is paid with `pay` is paid once for each key, however often the bank is told.
    """
    told = [one for one in lines if one.word == "effect"]
    paid = {(one.tool, one.order, one.key) for one in told if one.tool == "pay"}
    return Counter((one.tool, one.order) for one in told if one.tool != "pay") + Counter(
        (tool, order) for tool, order, _ in paid
    )


def doubled(lines: Sequence[Line]) -> list[str]:
    """Return what took place twice."""
    return [
        f"{tool} {order} took place {times} times"
        for (tool, order), times in effects(lines).items()
        if times > 1
    ]


def late(lines: Sequence[Line]) -> Iterator[str]:
    """Yield effects of programs whose life was over, after the next one had made sure of that."""
    begun: dict[tuple[str, int], int] = {}
    cleared = 0
    for at, line in enumerate(lines):
        if line.word == "cleared":
            cleared = at
        elif line.word == "begins":
            begun[line.tool, line.order] = at
        elif line.tool != "haul":  # a thread outlives its call, in the very same process
            continue
        elif line.word == "effect" and begun.get((line.tool, line.order), at) < cleared:
            yield f"{line.tool} {line.order} took place after its life was over"
