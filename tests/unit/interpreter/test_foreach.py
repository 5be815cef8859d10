"""A step once for each item: order, keys, failures, threads, and what a crash leaves."""

import asyncio

import pytest

from flowrun.events.records import StepFinished, StepStarted
from flowrun.interpreter.foreach import item_key
from flowrun.plan.plan import PlannedForeach
from flowrun.ports.tools import ToolFailed
from tests.support.cost import cpu_seconds
from tests.support.crash import Died
from tests.support.interpreting import ToldRuntime, ToldTools, interpret
from tests.support.steps import call, compute, plan_of, talk

LETTERS = {"foreach": ["a", "b", "c", "d"], "given": {"item": "{{ item }}", "at": "{{ index }}"}}


def each(**layers):
    return plan_of(
        call("files", **{**LETTERS, **layers}), outputs=(("all", "{{ steps.files.output }}"),)
    )


def upper(item, at):
    return f"{item.upper()}{at}"


def broken(*bad):
    """A tool that fails for some items."""

    def run(item, at):
        return ToolFailed(kind="exception", message=f"no {item}") if item in bad else item

    return run


def labels(events, kind):
    return [one.step for one in events if isinstance(one, kind)]


def test_the_output_is_a_list_in_the_order_of_the_items_whatever_ends_first(tmp_path):
    ended = []
    gates = {}

    async def last_first(item, at):
        gate = gates.setdefault(at, asyncio.Event())
        if len(gates) == 4:
            gates[3].set()
        await gate.wait()
        ended.append(item)
        if at:
            gates[at - 1].set()
        return item.upper()

    done = interpret(tmp_path, each(), tools=ToldTools({"files": last_first}))
    assert ended == ["d", "c", "b", "a"]
    assert done.last.outputs == {"all": ["A", "B", "C", "D"]}


def test_items_have_keys_and_labels_of_their_own(tmp_path):
    tools = ToldTools({"files": upper})
    done = interpret(tmp_path, each(), tools=tools)
    assert tools.keys == [
        f"steps/files/{item_key(at, item)}/finished" for at, item in enumerate("abcd")
    ]
    assert item_key(0, "a") == "each[0:ac8d8342]"
    assert labels(done.events, StepStarted) == ["files", *[f"files[{at}]" for at in range(4)]]
    assert labels(done.events, StepFinished) == [*[f"files[{at}]" for at in range(4)], "files"]
    assert done.of(StepStarted)[0].items == 4
    assert done.step("files[2]").output == "C2"


@pytest.mark.parametrize("items", ["steps.make.output", "{{ steps.make.output }}"])
def test_the_list_may_come_from_a_step(tmp_path, items):
    plan = plan_of(
        compute("make", values={"list": [{"n": 1}, {"n": 2}]}),
        call("use", "make", foreach=items.replace("output", "output.list"),
             given={"n": "{{ item.n }}"}),
        outputs=(("all", "{{ steps.use.output }}"),),
    )  # fmt: skip
    done = interpret(tmp_path, plan, tools=ToldTools({"use": lambda n: n * 10}))
    assert done.last.outputs == {"all": [10, 20]}


def test_a_list_may_have_templates_in_its_texts(tmp_path):
    plan = plan_of(compute("a", foreach=["x{{ inputs.n }}", 2], values={"it": "{{ item }}"}))
    done = interpret(tmp_path, plan, inputs={"n": 1})
    assert done.step("a").output == [{"it": "x1"}, {"it": 2}]


def test_an_empty_list_is_done_at_once(tmp_path):
    done = interpret(tmp_path, each(foreach=[]), tools=ToldTools({"files": upper}))
    assert (done.step("files").status, done.step("files").output) == ("completed", [])
    assert done.last.outputs == {"all": []}


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ("inputs.n", "`{{ inputs.n }}`: expected a list, found a number"),
        ("inputs.text", "`{{ inputs.text }}`: expected a list, found a text"),
        ("inputs.nope", "`{{ inputs.nope }}`: no `nope` in the object, which has `n`, `text`"),
    ],
)
def test_what_is_no_list_fails_the_step(tmp_path, items, said):
    plan = plan_of(call("a", foreach=items))
    done = interpret(tmp_path, plan, inputs={"n": 1, "text": "abc"}, tools=ToldTools({}))
    assert (done.step("a").error_code, done.step("a").error) == ("expression", said)
    assert labels(done.events, StepStarted) == ["a"]


def test_under_continue_all_items_run_and_the_failures_are_listed(tmp_path):
    plan = each(on_error="continue", foreach=["a", "b", "c", "d"])
    tools = ToldTools({"files": broken("b", "d")})
    done = interpret(tmp_path, plan, tools=tools)
    result = done.step("files")
    assert (result.status, result.error_code) == ("failed", "items")
    assert result.output == ["a", None, "c", None]
    assert result.error == "2 of 4 items failed, the first: item 1: no b"
    assert result.errors == (
        {"index": 1, "error": "no b", "code": "tool"},
        {"index": 3, "error": "no d", "code": "tool"},
    )
    assert done.last.status == "completed"
    assert done.last.outputs == {"all": ["a", None, "c", None]}


def test_expressions_see_which_items_failed(tmp_path):
    plan = plan_of(
        call("files", on_error="continue", **LETTERS),
        outputs=(("bad", "{{ steps.files.errors[0].index }}: {{ steps.files.errors[0].error }}"),),
    )
    done = interpret(tmp_path, plan, tools=ToldTools({"files": broken("c")}))
    assert done.last.outputs == {"bad": "2: no c"}


def test_under_fail_no_item_starts_after_a_failure_and_those_under_way_end(tmp_path):
    called, failed = [], asyncio.Event()

    async def run(item, at):
        called.append(item)
        if item == "b":
            failed.set()
            return ToolFailed(kind="exception", message="no b")
        await failed.wait()
        await asyncio.sleep(0)
        return item

    plan = each(foreach=PlannedForeach(items=list("abcdef"), max_parallel=3))
    done = interpret(tmp_path, plan, tools=ToldTools({"files": run}))
    assert called == ["a", "b", "c"]
    assert done.step("files").output == ["a", None, "c", None, None, None]
    assert done.step("files").error == "1 of 6 items failed, the first: item 1: no b"
    assert done.last.error == f"step `files` failed: {done.step('files').error}"


def test_no_more_items_are_at_work_than_allowed(tmp_path):
    at_work, most = [0], []

    async def run(item, at):
        at_work[0] += 1
        most.append(at_work[0])
        await asyncio.sleep(0)
        at_work[0] -= 1

    plan = each(foreach=PlannedForeach(items=list(range(20)), max_parallel=3))
    interpret(tmp_path, plan, tools=ToldTools({"files": run}))
    assert max(most) == 3
    assert len(most) == 20


def test_items_have_threads_of_their_own_and_share_a_named_one_in_order(tmp_path):
    def threads(thread):
        plan = plan_of(talk("say", thread=thread, message="On {{ item }}", foreach=["a", "b", "c"]))
        runtime = ToldRuntime({"guide": ["one", "two", "three"]})
        done = interpret(tmp_path / str(thread), plan, runtime=runtime)
        assert done.last.status == "completed", done.last.error
        assert [one.message for one in runtime.requests] == ["On a", "On b", "On c"]
        return {one.thread_id for one in runtime.requests}, done

    own, _ = threads(None)
    shared, done = threads("talk")
    assert (len(own), len(shared)) == (3, 1)
    assert done.step("say").output == ["one", "two", "three"]
    finished = [f"say[{at}]" for at in range(3)]
    pairs = [one.step for one in done.events if isinstance(one, StepStarted | StepFinished)]
    assert pairs[1:-1] == [name for one in finished for name in (one, one)]


def test_tokens_of_all_items_are_added_up(tmp_path):
    runtime = ToldRuntime({"guide": ["one", "two", "three"]})
    done = interpret(tmp_path, plan_of(talk("say", foreach=[1, 2, 3])), runtime=runtime)
    assert done.step("say[1]").usage["total_tokens"] == 15
    assert done.step("say").usage == {
        "prompt_tokens": 30,
        "completion_tokens": 15,
        "total_tokens": 45,
    }
    assert done.step("say").cost_usd is None
    assert done.last.usage["total_tokens"] == 45


def test_only_the_items_that_are_not_finished_run_again(tmp_path):
    calls = []

    def run(n):
        calls.append(n)
        if len(calls) == 40:
            raise Died
        return n

    plan = plan_of(
        call("a", given={"n": "{{ item }}"},
             foreach=PlannedForeach(items="inputs.list", max_parallel=1)),
    )  # fmt: skip
    inputs = {"list": list(range(100))}
    tools = ToldTools({"a": run})
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools, inputs=inputs)
    done = interpret(tmp_path, plan, tools=tools, inputs=inputs)
    assert calls == [*range(40), *range(39, 100)]
    assert done.step("a").output == list(range(100))
    assert len(done.of(StepStarted)) == 101


def test_the_list_stays_what_it_was(tmp_path):
    """In the second life the expression would give another list."""
    plan = plan_of(call("a", given={"n": "{{ item }}"}, foreach=[1, 2]))
    other = plan_of(call("a", given={"n": "{{ item }}"}, foreach=[7]))
    calls = []

    def run(n):
        calls.append(n)
        if len(calls) == 1:
            raise Died
        return n

    tools = ToldTools({"a": run})
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools)
    done = interpret(tmp_path, other, tools=tools, resume=True)
    assert done.step("a").output == [1, 2]


def test_after_a_crash_items_under_way_end_even_if_another_had_failed(tmp_path):
    dead = []

    async def run(item, at):
        if item == "b":
            return ToolFailed(kind="exception", message="no b")
        if not dead:
            await asyncio.Event().wait()
        return item

    def watch(stamped):
        if isinstance(stamped.event, StepFinished) and stamped.event.step == "files[1]":
            dead.append(1)
            raise Died

    plan = each(foreach=PlannedForeach(items=list("abcd"), max_parallel=3))
    tools = ToldTools({"files": run})
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools, watch=watch)
    done = interpret(tmp_path, plan, tools=tools)
    assert done.step("files").output == ["a", None, "c", None]
    assert labels(done.events, StepStarted) == ["files", "files[0]", "files[1]", "files[2]"]


def test_a_condition_is_asked_once_before_the_items(tmp_path):
    plan = plan_of(call("a", condition="inputs.go", foreach=[1, 2]))
    done = interpret(tmp_path, plan, inputs={"go": False}, tools=ToldTools({"a": lambda: 1}))
    assert labels(done.events, StepStarted) == []
    assert done.step("a").error == "skipped: `if` is false"


def test_an_item_costs_the_same_in_a_long_list(tmp_path):
    plan = plan_of(
        call("a", given={"n": "{{ item }}"},
             foreach=PlannedForeach(items="inputs.list", max_parallel=50)),
        outputs=(("all", "{{ steps.a.output | length }}"),),
    )  # fmt: skip
    tools = ToldTools({"a": lambda n: n})

    def carry_out(name, size):
        inputs = {"list": list(range(size))}
        done = interpret(tmp_path / name, plan, tools=tools, inputs=inputs)
        assert done.last.outputs == {"all": size}

    carry_out("warm", 50)
    small = cpu_seconds(lambda number: carry_out(f"small-{number}", 300))
    large = cpu_seconds(lambda number: carry_out(f"large-{number}", 1_500), tries=2)
    assert large < 10 * small, "five times the items, not twenty-five times the work"
