"""What a killed flowrun's programs left is found by its marks, wherever it went, and ended."""

import asyncio
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from flowrun.tools.orphans import OrphansSurvive, end_orphans
from tests.support.repository import ROOT
from tests.support.tool_runs import is_alive, shell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="`/proc` shows environments")


def marked(project, run_id="trip-1"):
    own = {"FLOWRUN_RUN_ID": run_id, "FLOWRUN_PROJECT": str(project)}
    return {"PATH": os.environ["PATH"], **own}


@contextmanager
def started(script, environment):
    """Start `sh` as tools are started; yield it and the pids it says, one a line, until `ready`."""
    popen = subprocess.Popen(
        ["sh", "-c", script],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    said = []
    try:
        while (line := popen.stdout.readline().strip()) != "ready":
            said.append(int(line))
        yield popen, said
    finally:
        for pid in [popen.pid, *said]:
            if is_alive(pid):
                os.kill(pid, 9)
        popen.stdout.close()
        popen.wait()


def end(project, run_id="trip-1"):
    return asyncio.run(end_orphans(run_id, project))


def test_a_program_and_what_it_started_are_ended(tmp_path):
    script = "sleep 60 & echo $!; echo ready; wait"
    with started(script, marked(tmp_path)) as (popen, (child,)):
        assert end(tmp_path) == 2
        assert not is_alive(child)
        assert popen.wait() == -9


def test_a_grandchild_in_a_session_of_its_own_is_ended_though_the_rest_is_gone(tmp_path):
    script = (
        "setsid sh -c 'sleep 60 & echo $!; echo $$; echo ready; exec >&-; wait' & wait $!; exit 0"
    )
    with started(script, marked(tmp_path)) as (popen, pids):
        popen.kill()
        popen.wait()
        assert all(is_alive(pid) for pid in pids)
        assert end(tmp_path) == 2
        assert not any(is_alive(pid) for pid in pids)


def test_one_that_emptied_its_environment_goes_with_its_group(tmp_path):
    script = "env -i sleep 60 & echo $!; echo ready; wait"
    with started(script, marked(tmp_path)) as (_, (child,)):
        assert end(tmp_path) >= 1
        assert not is_alive(child)


def test_one_that_does_not_heed_signals_is_ended(tmp_path):
    script = "trap '' TERM INT HUP; echo ready; while :; do sleep 60; done"
    with started(script, marked(tmp_path)) as (popen, _):
        assert end(tmp_path) >= 1
        assert popen.wait() == -9


@pytest.mark.parametrize("other", ["trip-10", "trip", "my-trip-1"])
def test_another_run_is_left_alone(tmp_path, other):
    with started("echo ready; exec sleep 60", marked(tmp_path, other)) as (popen, _):
        assert end(tmp_path) == 0
        assert popen.poll() is None


def test_the_same_run_id_of_another_project_is_left_alone(tmp_path):
    with started("echo ready; exec sleep 60", marked(tmp_path / "b")) as (popen, _):
        assert end(tmp_path / "a") == 0
        assert popen.poll() is None


def test_a_zombie_is_nothing_to_wait_for(tmp_path):
    with started("echo ready", marked(tmp_path)) as (popen, _):
        os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
        assert end(tmp_path) == 0


def test_nothing_to_end_costs_little(tmp_path):
    begun = time.process_time()
    assert end(tmp_path) == 0
    assert time.process_time() - begun < 0.5


_WITHIN_A_TOOL = """
import asyncio, os, subprocess, sys
from pathlib import Path
from flowrun.tools.orphans import end_orphans
beside = subprocess.Popen(["sleep", "60"])
print(asyncio.run(end_orphans("trip-1", Path(sys.argv[1]))), beside.wait())
"""


def test_it_spares_itself_and_what_it_descends_from(tmp_path):
    """A flowrun that is itself a tool's program of the run ends the others, not its own way up."""
    environment = {**marked(tmp_path), "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        ["sh", "-c", f'{sys.executable} -c "$1" "$2"; echo alive', "sh", _WITHIN_A_TOOL, tmp_path],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        check=True,
    )
    assert ended.stdout.splitlines() == ["1 -9", "alive"]


_DIES_IN_A_TOOL = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.support.tool_runs import Project, shell
from flowrun.ports.tools import ToolInvocation

async def main():
    runner = Project(Path(sys.argv[1])).load(shell("setsid", "sh", "-c", sys.argv[2]))
    await runner.run("program", {{}}, ToolInvocation(run_id="trip-1", key="k"))

asyncio.run(main())
"""


def test_what_a_killed_flowrun_left_is_ended_by_the_next_one(project):
    """`setsid` forks when it leads a group, so that only its child has the new session."""
    flowrun = subprocess.Popen(
        [
            *(sys.executable, "-c", _DIES_IN_A_TOOL.format(root=str(ROOT)), project.root),
            "sleep 60 & echo $! > made; mv made pid; wait",
        ],
        cwd=project.root,
    )
    pid = _number_in(project.root / "pid", flowrun)
    flowrun.kill()
    flowrun.wait()
    assert is_alive(pid), "it is in a session of its own, and nobody told it"
    runner = project.load(shell("true"))
    assert asyncio.run(runner.end_orphans("trip-1")) == 2
    assert not is_alive(pid)
    runner.close()


def _number_in(path, process):
    deadline = time.monotonic() + 20
    while not path.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return int(path.read_text())


def test_what_does_not_go_away_is_named():
    failure = OrphansSurvive("trip-1", (17, 23))
    assert str(failure) == (
        "run `trip-1` cannot go on beside processes of its tools that were killed and are still "
        "there: 17, 23"
    )
    assert failure.hint == "end them, then `flowrun runs resume trip-1`"
