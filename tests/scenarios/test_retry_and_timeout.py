"""`retry` and `timeout` through the command line: another try, and an end to waiting."""

import time
from pathlib import Path

import pytest

from tests.support.endpoint import Stall, call, say, serve
from tests.support.scenario import endpoint_settings, requests_of
from tests.support.scenario_control import Control, failure, states


def test_a_step_that_fails_is_tried_again_after_growing_delays(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          shaky: {tool: flaky, with: {good_at: 3}, retry: {attempts: 4, delay: 100ms, backoff: 3}}
        outputs: {said: "{{ steps.shaky.output }}"}
        """,
    )
    with control.start() as running:
        ended = running.finish()
    assert ended.code == 0, ended.err
    assert ended.events[-1]["outputs"] == {"said": "good at 3"}
    waits = [(one["attempt"], one["error_code"]) for one in ended.of_type("step_retrying")]
    assert waits == [(1, "tool"), (2, "tool")]
    delays = [one["retry_at"] - one["at"] for one in ended.of_type("step_retrying")]
    assert delays == pytest.approx([0.1, 0.3], abs=0.05)
    tries = [one for one in ended.of_type("step_finished") if "~" in one["step"]]
    assert [(one["step"], one["status"]) for one in tries] == [
        ("shaky~1", "failed"),
        ("shaky~2", "failed"),
        ("shaky~3", "completed"),
    ]


def test_tries_run_out_and_a_failure_that_is_not_named_is_not_tried_again(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          out:
            tool: note
            with: {what: bad}
            retry: {attempts: 2, delay: 1ms}
            on_error: continue
          other:
            tool: note
            with: {what: bad again}
            retry: {attempts: 5, delay: 1ms, on: [timeout]}
            needs: [out]
        """,
    )
    ended = control.execute()
    assert ended.code == 1
    assert control.ledger == ["bad", "bad", "bad again"]
    assert failure(ended, "out")[0] == failure(ended, "other")[0] == "tool"


def test_a_message_is_said_once_however_many_tries_there_are(tmp_path):
    with serve(say("half", finish="length"), say("whole")) as server:
        control = Control(
            tmp_path,
            """
            assistants: {guide: {model: m}}
            steps:
              talk: {assistant: guide, message: Speak, retry: {attempts: 2, delay: 1ms}}
            outputs: {said: "{{ steps.talk.output }}"}
            """,
            {"flowrun.yaml": endpoint_settings(server.base_url)},
        )
        ended = control.execute()
        last = server.requests[-1].body["messages"]
    assert ended.code == 0, ended.err
    assert ended.result["outputs"] == {"said": "whole"}
    assert len([one for one in last if one["role"] == "user"]) == 1
    tokens = ended.result["steps"]["talk"]["usage"]["total_tokens"]
    assert ended.result["usage"]["total_tokens"] == tokens
    assert tokens == 2 * _tokens_of_one()


def test_an_answer_that_does_not_fit_is_tried_again(tmp_path):
    with serve(say("no"), say("no"), say('{"score": 3}')) as server:
        control = Control(
            tmp_path,
            """
            assistants:
              judge:
                model: m
                output: {type: object, properties: {score: {type: integer}}, required: [score]}
            steps:
              judge:
                assistant: judge
                message: Judge
                retry: {attempts: 2, delay: 1ms, on: [output]}
            outputs: {score: "{{ steps.judge.output.score }}"}
            """,
            {"flowrun.yaml": endpoint_settings(server.base_url)},
        )
        ended = control.execute()
    assert ended.code == 0, ended.err
    assert ended.result["outputs"] == {"score": 3}


SLEEP = """
    tools:
      hold:
        script: |
          sleep 300 &
          echo $! > child
          wait
        effect: repeatable
    steps:
      held: {tool: hold, timeout: 1s, on_error: continue}
      noted: {set: {error: "{{ steps.held.error }}"}}
    outputs: {error: "{{ steps.noted.output.error }}"}
    """


def is_there(pid):
    """Tell whether a process lives; a zombie does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text("utf-8")
    except FileNotFoundError:
        return False


def test_a_timeout_ends_a_program_and_all_that_it_started(tmp_path):
    control = Control(tmp_path, SLEEP)
    began = time.monotonic()
    ended = control.execute()
    assert ended.code == 0, ended.err
    assert time.monotonic() - began < 20
    assert failure(ended, "held") == ("timeout", "not over within 1s")
    assert ended.result["outputs"] == {"error": "not over within 1s"}
    assert not is_there(int((control.project.root / "child").read_text("utf-8")))


def test_a_timeout_leaves_a_model_that_says_nothing(tmp_path):
    with serve(Stall(), say("awake")) as server:
        control = Control(
            tmp_path,
            """
            assistants: {guide: {model: m}}
            steps:
              talk:
                assistant: guide
                message: Speak
                timeout: 2s
                retry: {attempts: 2, delay: 1ms}
            outputs: {said: "{{ steps.talk.output }}"}
            """,
            {"flowrun.yaml": endpoint_settings(server.base_url)},
        )
        ended = control.execute()
        assert server.left.wait(5), "the connection to the model stays open"
        questions = requests_of(server)
        last = server.requests[-1].body["messages"]
    assert ended.code == 0, ended.err
    assert questions == ["Speak", "Speak"]
    assert len(last) == 1, "the message is on the thread once"


def test_a_call_of_a_model_is_broken_off_with_its_step(tmp_path):
    flow = """
        tools:
          hold:
            description: Hold
            effect: repeatable
            script: |
              sleep 300 &
              echo $! > child
              wait
        assistants: {guide: {model: m, tools: [hold]}}
        steps:
          talk: {assistant: guide, message: Speak, timeout: 1s}
        """
    with serve(call(("hold", {})), say("never")) as server:
        control = Control(tmp_path, flow, {"flowrun.yaml": endpoint_settings(server.base_url)})
        ended = control.execute()
        assert len(server.requests) == 1
    assert ended.code == 1
    assert failure(ended, "talk") == ("timeout", "not over within 1s")
    assert not is_there(int((control.project.root / "child").read_text("utf-8")))


def test_each_item_and_each_iteration_has_its_own_tries_and_its_own_time(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          each:
            foreach: [0.05, 5, 0.06]
            tool: work
            with: {number: "{{ index }}", seconds: "{{ item }}"}
            timeout: 400ms
            retry: {attempts: 2, delay: 1ms}
            on_error: continue
        outputs: {each: "{{ steps.each.output }}", errors: "{{ steps.each.errors }}"}
        """,
    )
    ended = control.execute()
    assert ended.code == 0, ended.err
    assert ended.result["outputs"]["each"] == [0, None, 2]
    assert ended.result["outputs"]["errors"] == [
        {"index": 1, "error": "not over within 0.4s", "code": "timeout"}
    ]
    begun = sorted(line.split()[1] for line in control.ledger if line.startswith("begin"))
    assert begun == ["0", "1", "1", "2"]
    assert states(ended) == {"each": "failed"}


def _tokens_of_one():
    return say("").usage.total_tokens
