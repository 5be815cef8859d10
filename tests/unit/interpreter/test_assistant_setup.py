"""What a step asks the runtime for: threads under their labels, the assistant with its options."""

from dataclasses import replace

from flowrun.ids import derive
from flowrun.plan.plan import AssistantAction, PlannedThread
from tests.support.interpreting import ToldRuntime, interpret, talk_plan
from tests.support.steps import plan_of, subflow, talk


def threads_of(folder, plan, *answers, **life):
    runtime = ToldRuntime({"guide": list(answers)})
    done = interpret(folder, plan, runtime=runtime, **life)
    assert done.last.status == "completed", done.last.error
    return [one.thread_id.removeprefix("thread_") for one in runtime.requests]


def test_a_plain_step_has_the_label_that_it_always_had(tmp_path):
    assert threads_of(tmp_path, plan_of(talk("ask")), "Hi") == [
        derive("label_", "run-1", "step", "ask")
    ]


def test_a_named_thread_has_the_label_that_it_always_had(tmp_path):
    assert threads_of(tmp_path, plan_of(talk("ask", thread="talk")), "Hi") == [
        derive("label_", "run-1", "thread", "talk")
    ]


def test_items_have_threads_of_their_own(tmp_path):
    labels = threads_of(tmp_path, plan_of(talk("ask", foreach=[1, 2])), "Hi", "Hi")
    assert len(set(labels)) == 2


def test_threads_of_a_sub_flow_belong_to_that_run_of_it(tmp_path):
    inner = plan_of(talk("ask", thread="talk"), talk("own"), flow="inner")
    plan = plan_of(
        subflow("one", inner), subflow("two", inner), talk("ask", thread="talk"), talk("own")
    )
    labels = threads_of(tmp_path, plan, *["Hi"] * 6)
    assert len(set(labels)) == 6


def test_a_keyed_thread_is_the_same_in_every_run_of_the_flow(tmp_path):
    plan = replace(
        plan_of(talk("ask", thread="talk")),
        threads=(PlannedThread(name="talk", key="{{ inputs.who }}"),),
    )
    labels = threads_of(tmp_path, plan, "Hi", inputs={"who": "Ann"})
    assert labels == [derive("label_", "key", "test", "talk", "Ann")]


def test_a_steps_own_options_are_those_of_its_run(tmp_path):
    plan = talk_plan(("ask", None, "Hello"), tools=(), max_prompt_tokens=9)
    own = AssistantAction(assistant="guide", message="Hello", overrides={"tool_choice": "none"})
    plan = replace(plan, steps=(replace(plan.steps[0], action=own),))
    runtime = ToldRuntime({"guide": ["Hi"]})
    interpret(tmp_path, plan, runtime=runtime)
    (request,) = runtime.requests
    assert (request.tool_choice, request.max_prompt_tokens) == ("none", 9)


def test_an_assistant_is_put_once_for_all_steps_that_use_it(tmp_path):
    plan = talk_plan(("a", None, "1"), ("b", None, "2"), tools=())
    runtime = ToldRuntime({"guide": ["Hi", "Hi"]})
    interpret(tmp_path, plan, runtime=runtime)
    assert [one.name for one in runtime.assistants] == ["guide"]
