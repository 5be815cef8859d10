"""One door to every kind of tool."""

import asyncio
import hashlib
import time
from pathlib import Path

from flowrun.plan.plan import ExecutionPlan, FlowAction, PlannedStep
from flowrun.ports.tools import ToolFailed, ToolProblem, ToolRunner, ToolSucceeded
from flowrun.tools.runner import LocalToolRunner, load_all_tools
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


def plan_of(*tools, **below):
    """Return a plan with tools, and a step for each flow below it: `name="path"` to its plan."""
    steps = tuple(
        PlannedStep(
            name=name, number=number, lane=f"({name})", action=FlowAction(path=path, plan=plan)
        )
        for number, (name, (path, plan)) in enumerate(below.items(), 1)
    )
    return ExecutionPlan(flow="test", tools=tools, steps=steps)


def load_all(project, plan, path="flows/main.flow.yaml"):
    return load_all_tools(
        plan,
        path,
        root=project.root,
        tool_paths=project.tool_paths,
        environment=project.environment,
        secrets=project.secrets.__getitem__,
    )


WHERE = "count = 0\ndef where():\n    global count\n    count += 1\n    return [{!r}, count]\n"


def call(runner, *path):
    for one in path:
        runner = runner.of(one)
    return asyncio.run(runner.run("where", {}, INVOCATION)).value


def test_each_flow_has_the_tools_of_its_own_folder(project):
    project.write("flows/tools_here.py", WHERE.format("flows"))
    project.write("parts/tools_here.py", WHERE.format("parts"))
    where = python("where")
    deep = ("flows/deep.flow.yaml", plan_of(where))
    part = ("parts/part.flow.yaml", plan_of(where, deep=deep))
    runner = load_all(project, plan_of(where, part=part, deep=deep, again=part))
    assert call(runner) == ["flows", 1]
    assert call(runner, part[0]) == ["parts", 1]
    assert call(runner, part[0], deep[0]) == ["flows", 2], "one folder is one load of a module"
    assert call(runner, deep[0]) == ["flows", 3]
    runner.close()


def test_flows_that_were_checked_with_different_sources_share_no_module(project):
    file = project.write("flows/tools_here.py", WHERE.format("flows"))
    as_it_is = hashlib.sha256(file.read_bytes()).hexdigest()
    outer, inner = python("where", source_digest="0" * 64), python("where", source_digest=as_it_is)
    problems = load_all(project, plan_of(outer, inner=("flows/inner.flow.yaml", plan_of(inner))))
    assert [(one.flow, one.message) for one in problems] == [
        ("flows/main.flow.yaml", "`tools_here.py` changed since the flow was checked")
    ]


def test_problems_of_all_flows_are_reported_each_with_its_file(project):
    inner = ("parts/part.flow.yaml", plan_of(shell("no-such-program", name="b"), shell("true")))
    problems = load_all(project, plan_of(python("f", module="nope"), part=inner, again=inner))
    assert [(one.flow, one.tool) for one in problems] == [
        ("flows/main.flow.yaml", "f"),
        ("parts/part.flow.yaml", "b"),
    ]


def test_secrets_of_one_flow_are_masked_in_every_other(project):
    project.secrets["TOKEN"] = "hunter2-and-more"
    inner = shell("true", name="a", env=(("T", "${secret:TOKEN}"),))
    outer = shell("echo", "hunter2-and-more", name="where")
    runner = load_all(project, plan_of(outer, part=("parts/part.flow.yaml", plan_of(inner))))
    assert call(runner)["stdout"] == "***\n"
    runner.close()


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
