"""`limits` through the command line: the run ends with exit code 5, and what there is is kept."""

import pytest

from tests.support.endpoint import call, serve
from tests.support.scenario import endpoint_settings, misfits
from tests.support.scenario_control import Control, failure, states

THREE = """
    limits: {LIMITS}
    assistants: {guide: {model: m}}
    steps:
      one: {assistant: guide, message: One}
      two: {assistant: guide, message: Two, needs: [one], on_error: continue}
      three: {assistant: guide, message: Three, needs: [two]}
    outputs: {one: "{{ steps.one.output }}", three: "{{ steps.three.output }}"}
    """
REPLIES = """
    version: 1
    replies:
      - say: said
        usage: {prompt_tokens: 60, completion_tokens: 40}
    """
PRICED = """
    version: 1
    models:
      m: {model: m, prices: {input: 1000, output: 2000}}
    """


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ("max_tokens: 150", "the limit `max_tokens` of 150 is reached: 200 tokens were used"),
        (
            "max_cost_usd: 0.15",
            "the limit `max_cost_usd` of 0.15 is reached: 0.28 US dollars were used",
        ),
    ],
)
def test_tokens_and_money_are_bounded_and_what_there_is_is_kept(tmp_path, limits, sentence):
    control = Control(
        tmp_path,
        THREE.replace("LIMITS", limits),
        {"flow.replies.yaml": REPLIES, "flowrun.yaml": PRICED},
    )
    ended = control.execute()
    assert ended.code == 5
    assert misfits("result", ended.result) == []
    assert ended.result["status"] == "failed"
    assert ended.result["error"]["code"] == "budget"
    assert ended.result["error"]["message"] == f"step `two` failed: {sentence}"
    assert ended.result["outputs"] == {"one": "said"}
    assert ended.result["usage"]["total_tokens"] == 200
    assert ended.result["cost_usd"] == pytest.approx(0.28)
    assert states(ended)["three"] == "skipped"
    assert failure(ended, "three")[1].startswith("not run: ")
    shown = control.project.show("r-1")
    assert shown["outputs"] == {"one": "said"}


def test_rounds_of_tool_calls_are_bounded_for_each_step(tmp_path):
    flow = """
        limits: {max_tool_rounds: 2}
        tools: {note: {python: "errands:note", effect: repeatable}}
        assistants: {guide: {model: m, tools: [note]}}
        steps:
          talk: {assistant: guide, message: Speak, on_error: continue}
        """
    with serve(call(("note", {"what": "again"}))) as server:
        control = Control(tmp_path, flow, {"flowrun.yaml": endpoint_settings(server.base_url)})
        ended = control.execute()
    assert ended.code == 5
    assert control.ledger == ["again", "again"]
    assert ended.result["error"]["code"] == "budget"
    assert "`max_tool_rounds` of 2" in ended.result["error"]["message"]


def test_the_time_of_a_run_is_bounded(tmp_path):
    control = Control(
        tmp_path,
        """
        limits: {timeout: 500ms}
        steps:
          quick: {tool: note, with: {what: quick}}
          slow: {tool: work, with: {number: 1, seconds: 300}, on_error: continue}
          after: {tool: note, with: {what: after}, needs: [slow]}
        outputs: {quick: "{{ steps.quick.output }}"}
        """,
    )
    ended = control.execute()
    assert ended.code == 5
    assert ended.result["error"]["code"] == "budget"
    assert "`timeout` of 0.5s" in ended.result["error"]["message"]
    assert ended.result["outputs"] == {"quick": "QUICK"}
    assert states(ended)["after"] == "skipped"
    assert "after" not in control.ledger


def test_the_time_of_a_run_counts_while_a_person_is_waited_for(tmp_path):
    control = Control(
        tmp_path,
        """
        limits: {timeout: 1s}
        steps:
          ok: {ask: {message: May I?}}
        """,
    )
    waiting = control.execute()
    assert waiting.code == 5
    ended = waiting if waiting.result["status"] == "failed" else control.resume()
    assert ended.code == 5
    assert ended.result["status"] == "failed"
    assert ended.result["error"]["code"] == "budget"


def test_what_is_at_work_at_a_time_is_bounded(tmp_path):
    control = Control(
        tmp_path,
        """
        limits: {max_parallel: 3}
        steps:
          some:
            foreach: [0, 1, 2, 3, 4, 5]
            tool: work
            with: {number: "{{ item }}", seconds: 0.05}
          others:
            foreach: [6, 7, 8, 9]
            tool: work
            with: {number: "{{ item }}", seconds: 0.05}
        """,
    )
    ended = control.execute()
    assert ended.code == 0, ended.err
    at_work = most = 0
    for line in control.ledger:
        at_work += 1 if line.startswith("begin") else -1
        most = max(most, at_work)
    assert most == 3


def test_a_sub_flow_and_failed_tries_count(tmp_path):
    inner = """
        assistants: {guide: {model: m}}
        steps:
          talk: {assistant: guide, message: Inner, retry: {attempts: 3, delay: 1ms}}
        outputs: {said: "{{ steps.talk.output }}"}
        """
    replies = """
        version: 1
        replies:
          - when: {user: inner, turn: 2}
            say: said
            usage: {prompt_tokens: 50, completion_tokens: 50}
          - when: {user: inner, turn: 1}
            say: short again
            finish: length
            usage: {prompt_tokens: 50, completion_tokens: 50}
          - when: {user: inner}
            say: short
            finish: length
            usage: {prompt_tokens: 50, completion_tokens: 50}
          - say: said
            usage: {prompt_tokens: 50, completion_tokens: 50}
        """
    control = Control(
        tmp_path,
        """
        limits: {max_tokens: 350}
        assistants: {guide: {model: m}}
        steps:
          inner: {flow: inner.flow.yaml}
          outer: {assistant: guide, message: Outer, needs: [inner]}
          more: {assistant: guide, message: More, needs: [outer]}
        outputs: {inner: "{{ steps.inner.output.said }}"}
        """,
        {"inner.flow.yaml": inner, "flow.replies.yaml": replies},
    )
    ended = control.execute()
    assert ended.code == 5, ended.err
    assert ended.result["error"]["message"] == (
        "step `outer` failed: the limit `max_tokens` of 350 is reached: 400 tokens were used"
    )
    assert ended.result["outputs"] == {"inner": "said"}
    assert ended.result["steps"]["inner"]["usage"]["total_tokens"] == 300
    assert states(ended)["more"] == "skipped"


def test_a_limit_of_a_sub_flow_alone_is_a_failure_of_its_step(tmp_path):
    inner = """
        limits: {max_tokens: 10}
        assistants: {guide: {model: m}}
        steps:
          talk: {assistant: guide, message: Inner}
          more: {assistant: guide, message: More, needs: [talk]}
        outputs: {said: "{{ steps.more.output }}"}
        """
    control = Control(
        tmp_path,
        """
        steps:
          inner: {flow: inner.flow.yaml, on_error: continue}
          told: {set: {error: "{{ steps.inner.error }}"}}
        outputs: {error: "{{ steps.told.output.error }}"}
        """,
        {"inner.flow.yaml": inner, "flow.replies.yaml": REPLIES},
    )
    ended = control.execute("--endpoint", "scripted:flow.replies.yaml")
    assert ended.code == 0, ended.err
    assert failure(ended, "inner")[0] == "flow"
    assert "`max_tokens` of 10" in ended.result["outputs"]["error"]
