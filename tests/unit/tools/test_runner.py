"""One door to every kind of tool."""

import asyncio
import time
from pathlib import Path

from flowrun.ports.tools import ToolFailed, ToolProblem, ToolRunner, ToolSucceeded
from flowrun.tools.runner import LocalToolRunner
from tests.support.tool_runs import INVOCATION, arguments, python, script, shell


def test_the_runner_is_the_port(project):
    runner: ToolRunner = project.load()
    assert isinstance(runner, LocalToolRunner)


def test_every_kind_is_called_by_name(project):
    project.write("flows/tools_here.py", "def hello(name: str): return f'hello {name}'\n")
    given = arguments(name={"type": "string"})
    tools = (
        python("hello", parameters=given),
        shell("echo", "hello {{ args.name }}", name="shout", parameters=given),
        script('echo "hello $ARG_NAME"', name="write", parameters=given),
    )
    runner = project.load(*tools)

    async def main():
        return [await runner.run(one.name, {"name": "Ada"}, INVOCATION) for one in tools]

    outcomes = asyncio.run(main())
    runner.close()
    assert [one.text.strip() for one in outcomes] == ["hello Ada"] * 3


def test_an_unknown_tool_is_told_the_known_ones(project):
    runner = project.load(shell("true", name="b"), shell("true", name="a"))
    assert asyncio.run(runner.run("c", {}, INVOCATION)) == ToolFailed(
        kind="unknown_tool", message="no tool `c`; known: `a`, `b`"
    )
    empty = project.load()
    assert asyncio.run(empty.run("c", {}, INVOCATION)).message == "no tool `c`; there are none"


def test_every_tool_that_cannot_be_loaded_is_reported(project):
    problems = project.try_load(
        shell("no-such-program", name="a"),
        shell("true", name="b"),
        python("f", module="nope"),
        shell("true", name="c", parameters={"type": "obj"}),
    )
    assert [one.tool for one in problems] == ["a", "f", "c"]
    assert all(isinstance(one, ToolProblem) for one in problems)


def test_folders_may_be_relative_to_the_project(project):
    project.write("shared/tools_here.py", "def f(): return 'shared'\n")
    project.tool_paths = [Path("shared")]
    assert project.call(python("f")).text == "shared"


def test_secrets_of_one_tool_are_masked_in_every_other(project):
    project.secrets["TOKEN"] = "hunter2-and-more"
    runner = project.load(
        shell("true", name="a", env=(("T", "${secret:TOKEN}"),)),
        shell("echo", "{{ args.x }}", name="b", parameters=arguments(x={"type": "string"})),
    )

    async def main():
        said = await runner.run("b", {"x": "hunter2-and-more"}, INVOCATION)
        refused = await runner.run("b", {"x": ["hunter2-and-more"]}, INVOCATION)
        unknown = await runner.run("hunter2-and-more", {}, INVOCATION)
        return said, refused, unknown

    outcomes = asyncio.run(main())
    assert isinstance(outcomes[0], ToolSucceeded)
    assert outcomes[0].text == "***\n"
    assert not any("hunter2" in str(one) for one in outcomes)


def test_fifty_calls_at_once(project):
    project.write(
        "tools_here.py",
        "import time\n"
        "def slow(n: int): time.sleep(0.02); return n\n"
        "async def quick(n: int): return n\n",
    )
    runner = project.load(
        python("slow"), python("quick"), shell("echo", "{{ args.n }}"), script("echo $ARG_N")
    )
    names = ("slow", "quick", "program", "lines")

    async def main():
        calls = [(names[n % 4], n) for n in range(50)]
        outcomes = await asyncio.gather(
            *(runner.run(name, {"n": n}, INVOCATION) for name, n in calls)
        )
        return [int(one.text) for one in outcomes]

    started = time.monotonic()
    assert asyncio.run(main()) == list(range(50))
    assert time.monotonic() - started < 10
    runner.close()


def test_a_call_costs_little(project):
    """The bars are 40 and 120 microseconds; four times that here, for busy machines."""
    project.write("tools_here.py", "async def quick(): ...\ndef plain(): ...\n")
    runner = project.load(python("quick"), python("plain"))

    async def cost(name):
        await runner.run(name, {}, INVOCATION)
        started = time.process_time()
        for _ in range(500):
            await runner.run(name, {}, INVOCATION)
        return (time.process_time() - started) / 500

    assert asyncio.run(cost("quick")) < 160e-6
    assert asyncio.run(cost("plain")) < 480e-6
    runner.close()
