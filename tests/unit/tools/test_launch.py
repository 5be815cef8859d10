"""Programs end with everything they started, and their output is bounded."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flowrun.tools.capture import Capture
from flowrun.tools.launch import Ended, Launch, run_program, watch_in_thread
from flowrun.tools.redaction import Redactor
from tests.support.tool_runs import BASE, is_alive, line_from

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")


def launch(text, folder, *, timeout_s=10.0, stdin=None):
    return Launch(
        executable=Path("/bin/sh"),
        argv=("sh", "-c", text),
        cwd=folder,
        environment=BASE,
        stdin=stdin,
        timeout_s=timeout_s,
    )


async def run(text, folder, *, limit=1000, **fields):
    stdout, stderr = Capture(limit, Redactor(), "head"), Capture(limit, Redactor(), "tail")
    ended = await run_program(launch(text, folder, **fields), stdout=stdout, stderr=stderr)
    return ended, stdout.text(), stderr.text()


def ran(text, folder, **fields):
    return asyncio.run(run(text, folder, **fields))


def test_both_outputs_and_the_exit_code_are_told(tmp_path):
    assert ran("echo out; echo err >&2; exit 3", tmp_path) == (Ended(3), "out\n", "err\n")


def test_a_signal_is_a_negative_code(tmp_path):
    assert ran("kill -SEGV $$", tmp_path)[0] == Ended(-signal.SIGSEGV)


def test_standard_input_is_closed_or_given(tmp_path):
    assert ran("cat", tmp_path)[1] == ""
    big = b"x" * 300_000
    assert ran("wc -c; cat /dev/stdin | wc -c", tmp_path, stdin=big)[1].split()[0] == "300000"
    assert ran("exit 0", tmp_path, stdin=big)[0] == Ended(0)


def test_a_hundred_megabytes_are_drained_in_bounded_memory(tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ended, stdout, stderr = ran(
        "head -c 100000000 /dev/zero | tr '\\0' x; head -c 3000000 /dev/zero >&2", tmp_path
    )
    assert ended == Ended(0)
    assert stdout == "x" * 1000 + "\n… truncated 99999000 bytes"
    assert stderr.startswith("… truncated 2999000 bytes\n")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_a_timeout_ends_the_whole_group(tmp_path):
    text = (
        "sleep 60 & sh -c 'sleep 60 & echo $! > inner; wait' & echo $! $$ > pids; cat inner; wait"
    )
    started = time.monotonic()
    ended, _, _ = ran(f"mkfifo inner; {text}", tmp_path, timeout_s=0.5)
    assert ended == Ended(None)
    assert time.monotonic() - started < 4
    pids = [int(one) for one in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    assert not any(is_alive(pid) for pid in pids)


def test_what_ignores_the_request_is_killed(tmp_path):
    text = "trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done"
    ended, _, _ = ran(text, tmp_path, timeout_s=0.3)
    assert ended == Ended(None)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_what_heeds_the_request_may_clean_up(tmp_path):
    text = "trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done"
    assert ran(text, tmp_path, timeout_s=0.3)[:2] == (Ended(None), "bye\n")


def test_a_grandchild_that_holds_the_pipe_does_not_hang_us(tmp_path):
    started = time.monotonic()
    ended, stdout, _ = ran("echo done; sleep 60 & echo $! > pid", tmp_path)
    assert (ended, stdout) == (Ended(0), "done\n")
    assert time.monotonic() - started < 3
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_silent_background_process_does_not_outlive_the_call(tmp_path):
    ran("sleep 60 >/dev/null 2>&1 & echo $! > pid", tmp_path)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_what_left_the_group_does_not_hang_us_either(tmp_path):
    started = time.monotonic()
    ended, stdout, _ = ran(
        "setsid sh -c 'echo $$ > pid; exec sleep 60' & sleep 0.2; echo ok", tmp_path
    )
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert (ended, stdout) == (Ended(0), "ok\n")
    assert time.monotonic() - started < 3


def test_cancelling_ends_the_group_before_it_is_raised(tmp_path):
    fifo = tmp_path / "ready"
    os.mkfifo(fifo)

    async def main():
        text = "sleep 60 & trap '' TERM; echo $$ $! > ready; wait; sleep 60"
        task = asyncio.create_task(run(text, tmp_path))
        pids = [int(one) for one in (await line_from(fifo)).split()]
        started = time.monotonic()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 2
        return pids

    assert not any(is_alive(pid) for pid in asyncio.run(main()))


def test_nothing_is_left_open(tmp_path):
    def opened():
        return sorted(one.name for one in Path("/proc/self/fd").iterdir())

    async def main():
        await run("true", tmp_path)
        before = opened()
        for _ in range(3):
            await run("cat; echo x", tmp_path, stdin=b"y")
            await run("sleep 9", tmp_path, timeout_s=0.05)
        assert opened() == before

    asyncio.run(main())


def test_a_program_dies_with_us(tmp_path):
    fifo = tmp_path / "ready"
    os.mkfifo(fifo)
    code = f"""
import asyncio
from pathlib import Path
from tests.unit.tools.test_launch import run
asyncio.run(run("echo $$ > ready; exec sleep 60", Path({str(tmp_path)!r})))
"""
    engine = subprocess.Popen([sys.executable, "-c", code])
    pid = int(fifo.read_text())
    assert is_alive(pid)
    engine.kill()
    engine.wait()
    deadline = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < deadline:
        os.sched_yield()
    assert not is_alive(pid)


def test_a_thread_can_wait_where_the_system_has_nothing_better():
    popen = subprocess.Popen(["sh", "-c", "exit 4"])

    async def main():
        ended = asyncio.get_running_loop().create_future()
        watch_in_thread(popen, asyncio.get_running_loop(), ended)
        await asyncio.wait_for(ended, 5)
        return popen.returncode

    assert asyncio.run(main()) == 4


def test_what_cannot_be_started_raises(tmp_path):
    bad = tmp_path / "bad"
    bad.write_text("no interpreter line")
    bad.chmod(0o755)
    one = Launch(executable=bad, argv=("bad",), cwd=tmp_path, environment={}, timeout_s=1)
    with pytest.raises(OSError, match="Exec format error"):
        asyncio.run(
            run_program(
                one, stdout=Capture(1, Redactor(), "head"), stderr=Capture(1, Redactor(), "tail")
            )
        )
