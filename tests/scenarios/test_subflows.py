"""A flow as one step of another: typed on both sides, and itself otherwise."""

import pytest

from tests.support.scenario_control import Control, failure, states

INNER = """
    inputs:
      who: {type: string, minLength: 2}
      times: {type: integer, minimum: 1, default: 2}
    steps:
      greet: {tool: note, with: {what: "{{ inputs.who }} {{ inputs.times }}"}}
    outputs:
      text: "{{ steps.greet.output }}"
      times: "{{ inputs.times }}"
    """
OUTER = """
    inputs: {name: {type: string, default: Ada}}
    steps:
      inner: {flow: parts/inner.flow.yaml, with: {WITH}}
    outputs: {inner: "{{ steps.inner.output }}", times: "{{ steps.inner.output.times + 1 }}"}
    """


def outer(tmp_path, given, inner=INNER, **files):
    body = OUTER.replace("WITH", given)
    return Control(tmp_path, body, {"parts/inner.flow.yaml": inner, **files})


def test_inputs_arrive_with_their_types_and_outputs_have_names(tmp_path):
    control = outer(tmp_path, 'who: "{{ inputs.name }}"')
    ended = control.execute()
    assert ended.code == 0, ended.err
    assert ended.result["outputs"] == {"inner": {"text": "ADA 2", "times": 2}, "times": 3}
    assert control.ledger == ["Ada 2"]
    assert states(ended) == {"inner": "completed", "inner/greet": "completed"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("who: Ada, wo: x", "`wo`"),
        ("times: 3", "`who`"),
        ("who: Ada, times: many", "`times`"),
        ("who: Ada, times: 0", "`times`"),
        ('who: "{{ inputs.nam }}"', "`nam`"),
    ],
)
def test_what_can_be_seen_to_be_wrong_is_refused_before_the_run(tmp_path, given, said):
    ended = outer(tmp_path, given).execute()
    assert (ended.code, ended.out) == (3, "")
    assert said in ended.err
    assert "--> flow.yaml:" in ended.err
    assert "inner: {flow: parts/inner.flow.yaml" in ended.err


def test_what_shows_only_in_the_run_fails_the_step(tmp_path):
    control = outer(tmp_path, 'who: "{{ inputs.name }}"')
    ended = control.execute("-i", "name=A")
    assert ended.code == 1
    code, said = failure(ended, "inner")
    assert code == "flow"
    assert "`who`" in said
    assert control.ledger == []


def test_a_failure_inside_is_told_with_the_step_inside(tmp_path):
    control = outer(tmp_path, "who: bad news")
    ended = control.execute()
    assert ended.code == 1
    assert failure(ended, "inner") == (
        "flow",
        "step `greet` failed: `note` raised ValueError: no bad news 2",
    )


def test_a_flow_that_leads_back_to_itself_is_refused(tmp_path):
    looped = INNER.replace("steps:", "steps:\n      again: {flow: ../flow.yaml}")
    ended = outer(tmp_path, "who: Ada", looped).execute()
    assert (ended.code, ended.out) == (3, "")
    assert "flow.yaml" in ended.err
    assert "Traceback" not in ended.err


def test_flows_nest_to_a_depth_of_eight(tmp_path):
    def level(number):
        deeper = f"{{flow: level{number + 1}.flow.yaml}}"
        return f"steps: {{deeper: {deeper}}}\noutputs: {{a: '{{{{ steps.deeper.output.a }}}}'}}\n"

    last = "steps: {end: {set: {a: the end}}}\noutputs: {a: '{{ steps.end.output.a }}'}\n"
    seven = {f"level{one}.flow.yaml": level(one) for one in range(1, 7)}
    (tmp_path / "seven").mkdir()
    sound = Control(tmp_path / "seven", level(0), {**seven, "level7.flow.yaml": last})
    ended = sound.execute()
    assert ended.code == 0, ended.err
    assert ended.result["outputs"] == {"a": "the end"}
    (tmp_path / "more").mkdir()
    eight = {**seven, "level7.flow.yaml": level(7), "level8.flow.yaml": level(8)}
    deep = Control(tmp_path / "more", level(0), {**eight, "level9.flow.yaml": last})
    refused = deep.execute()
    assert (refused.code, refused.out) == (3, "")
    assert "8" in refused.err


def test_each_item_has_a_run_of_the_sub_flow_for_itself(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          each:
            foreach: [Ada, bad one, Carl]
            flow: parts/inner.flow.yaml
            with: {who: "{{ item }}", times: "{{ index + 1 }}"}
            on_error: continue
        outputs: {each: "{{ steps.each.output }}"}
        """,
        {"parts/inner.flow.yaml": INNER},
    )
    ended = control.execute()
    assert ended.code == 0, ended.err
    assert ended.result["outputs"]["each"] == [
        {"text": "ADA 1", "times": 1},
        None,
        {"text": "CARL 3", "times": 3},
    ]
    [error] = ended.result["steps"]["each"]["errors"]
    assert (error["index"], error["code"]) == (1, "flow")


def test_a_question_inside_is_answered_by_its_label_outside(tmp_path):
    inner = """
        steps:
          ok: {ask: {message: May I?}}
        outputs: {by: "{{ steps.ok.output.by }}"}
        """
    control = Control(
        tmp_path,
        """
        steps:
          each: {foreach: [a, b], flow: inner.flow.yaml}
        outputs: {by: "{{ steps.each.output | map(attribute='by') | join(' ') }}"}
        """,
        {"inner.flow.yaml": inner},
    )
    waiting = control.execute()
    assert waiting.code == 5
    assert [one["step"] for one in waiting.result["questions"]] == ["each[0]/ok", "each[1]/ok"]
    assert control.answer("each[1]/ok", "--approve", "--as", "bob").code == 5
    done = control.answer("each[0]/ok", "--approve", "--as", "ann")
    assert done.code == 0, done.err
    assert done.result["outputs"] == {"by": "ann bob"}
    assert states(done) == {"each": "completed", "each/ok": "completed"}
