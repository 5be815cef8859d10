"""What tools print goes to standard error, and results stay apart."""

import asyncio
import subprocess
import sys
import threading
from contextvars import copy_context

from flowrun.tools.stdout import ToolOutput, reserved_stdout


def test_inside_prints_go_to_stderr_and_outside_nothing_changes(capsys):
    before = sys.stdout
    with ToolOutput():
        print("tool")
        sys.stdout.write("tool, too\n")
    print("result")
    assert sys.stdout is before
    captured = capsys.readouterr()
    assert captured.out == "result\n"
    assert captured.err == "tool\ntool, too\n"


def test_others_print_results_while_a_tool_is_at_work(capsys):
    async def tool(begun, go):
        with ToolOutput():
            print("tool")
            begun.set()
            await go.wait()
            print("tool again")

    async def main():
        begun, go = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(tool(begun, go))
        await begun.wait()
        print("result")
        go.set()
        await task

    asyncio.run(main())
    captured = capsys.readouterr()
    assert captured.out == "result\n"
    assert captured.err == "tool\ntool again\n"


def test_the_mark_follows_into_a_thread_by_its_context(capsys):
    with ToolOutput():
        thread = threading.Thread(target=copy_context().run, args=(print, "from thread"))
        thread.start()
        thread.join()
    assert capsys.readouterr().err == "from thread\n"


def test_a_replacement_made_meanwhile_is_left_alone(capsys):
    before = sys.stdout
    with ToolOutput():
        mine = sys.stdout = sys.stderr
    assert sys.stdout is mine
    sys.stdout = before


def test_reserved_stdout_keeps_child_processes_and_threads_out():
    code = """
import os, subprocess, sys, threading
from flowrun.tools.stdout import ToolOutput, reserved_stdout
print("before")
with reserved_stdout() as results:
    with ToolOutput():
        threading.Thread(target=print, args=("thread",)).start()
        subprocess.run(["sh", "-c", "echo child"])
        os.write(1, b"raw\\n")
    print("stray")
    print("result", file=results)
print("after")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout == "before\nresult\nafter\n"
    assert sorted(done.stderr.split()) == ["child", "raw", "stray", "thread"]


def test_reserved_stdout_serves_a_stream_without_a_descriptor(capsys):
    with reserved_stdout() as results:
        print("stray")
        print("result", file=results)
    captured = capsys.readouterr()
    assert captured.out == "result\n"
    assert captured.err == "stray\n"
