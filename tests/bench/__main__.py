"""Ratios in one process tree: flowrun against floors measured beside it, interleaved.

`python -m tests.bench [ROUNDS]`. Each cell is a fresh process; CPU is user and system time of that
process, medians over the rounds. A missed bar is printed as missed and does not fail the command.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.flows import write_chain_flow, write_hundred_lines

ROUNDS = 5


@dataclass(frozen=True)
class Bar:
    """One line of the table: what, against what, and what is allowed."""

    workload: str
    title: str
    floor: str
    ratio: float | None
    """Most that flowrun may cost, in floors."""
    absolute_ms: float | None = None
    """Most CPU milliseconds; the reference machine is the design's."""
    others: tuple[str, ...] = ()


BARS = (
    Bar("chain", "chain of 200 no-op tool steps, durable", "tick", 2.5, others=("each",)),
    Bar("fan", "fan-out 500 and back, durable", "tick", None, 60),
    Bar("many", "200 concurrent runs of 5 steps, durable", "tick", None, 60),
    Bar("loop", "tool loop, 20 rounds of 4 calls", "post", 3.0, others=("typed",)),
    Bar("talks", "100 streamed conversations of 3 rounds", "post", 1.2, others=("typed",)),
)


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print(f"CPU milliseconds, median of {rounds} rounds, on {os.cpu_count()} cores")
    missed = [bar.title for bar in BARS if not _show(bar, _cells(bar, rounds))]
    missed += _commands(rounds)
    print("\nmissed: " + ("; ".join(missed) if missed else "none"))


def _cells(bar: Bar, rounds: int) -> dict[str, float]:
    """Return the median of every contestant, rounds interleaved."""
    times: dict[str, list[float]] = {who: [] for who in (bar.floor, *bar.others, "flowrun")}
    with _server(bar.workload) as port:
        for number in range(rounds):
            for who in sorted(times, reverse=number % 2 == 1):
                found = _python("-m", "tests.bench.work", bar.workload, who, port)
                times[who].append(json.loads(found)["cpu_ms"])
    return {who: statistics.median(values) for who, values in times.items()}


def _show(bar: Bar, cells: dict[str, float]) -> bool:
    mine, floor = cells["flowrun"], cells[bar.floor]
    others = "".join(f"  {who} {cells[who]:.1f}" for who in bar.others)
    met = (bar.ratio is None or mine <= bar.ratio * floor) and (
        bar.absolute_ms is None or mine <= bar.absolute_ms
    )
    allowed = f"<= {bar.ratio} x" if bar.ratio else f"<= {bar.absolute_ms:.0f} ms"
    print(
        f"{bar.title:<42} flowrun {mine:7.1f}  floor({bar.floor}) {floor:7.1f}  "
        f"ratio {mine / floor:5.2f}  bar {allowed:<9} {'met' if met else 'MISSED'}{others}"
    )
    return met


def _commands(rounds: int) -> list[str]:
    """Whole processes: start-up and the checker."""
    with tempfile.TemporaryDirectory() as folder:
        hundred = write_hundred_lines(Path(folder))
        thousand = write_chain_flow(Path(folder), 1_000)
        ten = write_chain_flow(Path(folder), 10_000)
        bare = ("-c", "import click, yaml, pydantic; pydantic.BaseModel")
        floor, helped, check, small, large = _interleaved(
            rounds,
            bare,
            ("-m", "flowrun", "--help"),
            ("-m", "flowrun", "check", str(hundred)),
            ("-m", "flowrun", "check", str(thousand)),
            ("-m", "flowrun", "check", str(ten)),
        )
    lines = (
        ("--help / importing click, yaml, pydantic", helped, floor, 1.2),
        ("check of 100 lines / the same imports", check, floor, 2.5),
        ("check of 10,000 steps / of 1,000 steps", large, small, 11.0),
    )
    missed = []
    for title, mine, against, bar in lines:
        met = mine <= bar * against
        print(
            f"{title:<42} flowrun {mine:7.1f}  floor       {against:7.1f}  "
            f"ratio {mine / against:5.2f}  bar <= {bar:<4} x {'met' if met else 'MISSED'}"
        )
        if not met:
            missed.append(title)
    return missed


def _interleaved(rounds: int, *commands: Sequence[str]) -> list[float]:
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(rounds):
        for number, command in enumerate(commands):
            before = os.times()
            _python(*command)
            after = os.times()
            spent = (after.children_user - before.children_user) + (
                after.children_system - before.children_system
            )
            times[number].append(spent * 1000)
    return [statistics.median(one) for one in times]


@contextmanager
def _server(workload: str) -> Iterator[str]:
    """Run the local endpoint for workloads that talk to one."""
    if workload not in ("loop", "talks"):
        yield ""
        return
    rounds = "20" if workload == "loop" else "3"
    command = [sys.executable, "-m", "tests.bench.server", rounds]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def _python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{arguments} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
