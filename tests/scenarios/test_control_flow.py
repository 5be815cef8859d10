"""Control flow through the command line: what runs, how often, in which order, and what is told."""

import pytest

from tests.support.scenario import misfits
from tests.support.scenario_control import Control, failure, states

BRANCHES = """
    inputs:
      paid: {type: integer}
    steps:
      cheap: {if: inputs.paid < 100, tool: note, with: {what: cheap}}
      dear: {if: "{{ inputs.paid >= 100 }}", tool: note, with: {what: dear}}
      after: {tool: note, with: {what: "after {{ steps.cheap.output }}"}}
      either: {join: any, set: {said: "{{ steps.cheap.output or steps.dear.output }}"}}
      neither: {join: any, needs: [after], set: {x: 1}}
    outputs:
      said: "{{ steps.either.output.said }}"
      after: "{{ steps.after.output }}"
    """


def test_one_of_two_branches_is_taken_and_the_other_says_why_not(tmp_path):
    control = Control(tmp_path, BRANCHES)
    ended = control.execute("-i", "paid=310")
    assert ended.code == 0, ended.err
    assert misfits("result", ended.result) == []
    assert ended.result["outputs"] == {"said": "DEAR", "after": None}
    assert states(ended) == {
        "cheap": "skipped",
        "dear": "completed",
        "after": "skipped",
        "either": "completed",
        "neither": "skipped",
    }
    assert failure(ended, "cheap") == (None, "skipped: `if` is false")
    assert failure(ended, "after") == (None, "skipped: step `cheap` was skipped")
    assert failure(ended, "neither") == (None, "skipped: step `after` was skipped")
    assert control.ledger == ["dear"]


def test_the_reason_of_a_skip_is_told_once_in_the_narrative(tmp_path):
    ended = Control(tmp_path, BRANCHES).execute("-i", "paid=310")
    told = [one.split(maxsplit=1)[1] for one in ended.err.splitlines() if "skipped: " in one]
    assert "cheap    skipped: `if` is false" in told
    assert "after    skipped: step `cheap` was skipped" in told


@pytest.mark.parametrize(
    ("value", "status"),
    [("''", "skipped"), ("0", "skipped"), ("[]", "skipped"), ("none", "skipped"), ("'no'", "run")],
)
def test_the_truth_of_if_is_that_of_the_expression(tmp_path, value, status):
    control = Control(tmp_path, f'steps: {{one: {{if: "{value}", set: {{x: 1}}}}}}')
    ended = control.execute()
    assert ended.code == 0, ended.err
    assert states(ended) == {"one": "completed" if status == "run" else status}


def test_an_if_that_has_no_value_fails_the_step(tmp_path):
    control = Control(
        tmp_path,
        """
        inputs: {place: {type: object, default: {}}}
        steps:
          one: {if: inputs.place.name == 'x', set: {x: 1}}
          two: {set: {x: 2}, needs: [one]}
        """,
    )
    ended = control.execute()
    assert ended.code == 1
    code, said = failure(ended, "one")
    assert code == "expression"
    assert "`name`" in said
    assert failure(ended, "two") == (None, "not run: step `one` failed")


def test_a_failure_that_is_put_up_with_is_there_to_be_read(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          shaky: {tool: note, with: {what: bad}, on_error: continue}
          told: {set: {error: "{{ steps.shaky.error }}", output: "{{ steps.shaky.output }}"}}
          firm: {tool: note, with: {what: firm}, needs: [shaky]}
        outputs: {told: "{{ steps.told.output }}"}
        """,
    )
    ended = control.execute()
    assert ended.code == 0, ended.err
    error = "`note` raised ValueError: no bad"
    assert ended.result["outputs"] == {"told": {"error": error, "output": None}}
    assert states(ended) == {"shaky": "failed", "told": "completed", "firm": "completed"}


def test_a_failure_that_is_not_ends_the_run_and_keeps_what_there_is(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          good: {tool: note, with: {what: good}}
          shaky: {tool: note, with: {what: bad}, needs: [good]}
          after: {tool: note, with: {what: after}, needs: [shaky]}
          even: {join: any, tool: note, with: {what: even}, needs: [good, shaky]}
        outputs: {good: "{{ steps.good.output }}", after: "{{ steps.after.output }}"}
        """,
    )
    ended = control.execute()
    assert ended.code == 1
    assert (
        ended.result["error"]["message"] == "step `shaky` failed: `note` raised ValueError: no bad"
    )
    assert ended.result["outputs"] == {"good": "GOOD"}
    assert failure(ended, "even") == (None, "not run: step `shaky` failed")
    assert control.ledger == ["good", "bad"]


def test_items_that_fail_leave_a_gap_and_an_account(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          each:
            foreach: [a, bad1, b, bad2]
            tool: note
            with: {what: "{{ item }}"}
            on_error: continue
          sound: {set: {all: "{{ steps.each.output | select | join(' ') }}"}}
        outputs:
          sound: "{{ steps.sound.output.all }}"
          missing: "{{ steps.each.errors | map(attribute='index') | list }}"
        """,
    )
    ended = control.execute()
    assert ended.code == 0, ended.err
    assert ended.result["outputs"] == {"sound": "A B", "missing": [1, 3]}
    each = ended.result["steps"]["each"]
    assert each["output"] == ["A", None, "B", None]
    assert each["items"] == {"total": 4, "completed": 2, "failed": 2}
    assert each["errors"][1] == {
        "index": 3,
        "error": "`note` raised ValueError: no bad2",
        "code": "tool",
    }
    assert failure(ended, "each") == (
        "items",
        "2 of 4 items failed, the first: item 1: `note` raised ValueError: no bad1",
    )


def test_after_a_failed_item_no_other_begins_unless_the_step_goes_on(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          each:
            foreach: [a, bad, b, c]
            max_parallel: 1
            tool: note
            with: {what: "{{ item }}"}
        """,
    )
    ended = control.execute()
    assert ended.code == 1
    assert control.ledger == ["a", "bad"]
    assert ended.result["steps"]["each"]["output"] == ["A", None, None, None]
    assert failure(ended, "each")[1].startswith("1 of 4 items failed, the first: item 1: ")


def test_an_empty_list_is_no_failure_and_no_list_is_one(tmp_path):
    control = Control(
        tmp_path,
        """
        inputs: {names: {type: array, default: []}, place: {type: object, default: {a: 1}}}
        steps:
          none: {foreach: inputs.names, tool: note, with: {what: "{{ item }}"}}
          odd: {foreach: inputs.place.a, tool: note, with: {what: "{{ item }}"}, on_error: continue}
        outputs: {none: "{{ steps.none.output }}", odd: "{{ steps.odd.error }}"}
        """,
    )
    ended = control.execute()
    assert ended.code == 0, ended.err
    assert ended.result["outputs"]["none"] == []
    assert failure(ended, "odd")[0] == "expression"
    assert "expected a list, found" in ended.result["outputs"]["odd"]
    assert control.ledger == []


FIVE_HUNDRED = """
    inputs: {numbers: {type: array, items: {type: integer}}}
    steps:
      each:
        foreach: inputs.numbers
        max_parallel: 50
        tool: work
        with: {number: "{{ item }}", seconds: "{{ 0.2 + 0.001 * (7 * item % 10) }}"}
      memory: {tool: peak_memory, needs: [each]}
    outputs:
      order: "{{ steps.each.output }}"
      memory: "{{ steps.memory.output }}"
    """


def test_five_hundred_items_take_ten_waves_of_fifty_and_little_memory(tmp_path):
    few, many = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    many.mkdir()
    light = Control(few, FIVE_HUNDRED).execute("-i", "numbers=[1, 2, 3]")
    control = Control(many, FIVE_HUNDRED)
    numbers = [(7 * one) % 500 for one in range(500)]
    ended = control.execute("-i", f"numbers={numbers}")
    assert ended.code == 0, ended.err
    assert ended.result["outputs"]["order"] == numbers
    moments = [(line.split()[0], float(line.split()[2])) for line in control.ledger]
    at_work = most = 0
    for kind, _ in sorted(moments, key=lambda one: one[1]):
        at_work += 1 if kind == "begin" else -1
        most = max(most, at_work)
    assert most == 50
    took = max(at for _, at in moments) - min(at for _, at in moments)
    assert 2.0 <= took < 4.0, "ten waves of a fifth of a second"
    grown = ended.result["outputs"]["memory"] - light.result["outputs"]["memory"]
    assert grown < 24 * 1024, f"{grown} KiB for 500 items"


TALKS = """
    assistants: {guide: {model: m}}
    threads: {talk: {}}
    steps:
      each: {foreach: [c, a, b], assistant: guide, thread: talk, message: "Say {{ item }}"}
      alone: {foreach: [c, a], assistant: guide, message: "Say {{ item }}", needs: [each]}
      after: {assistant: guide, thread: talk, message: Say last}
    outputs: {each: "{{ steps.each.output }}"}
    """
SAYINGS = """
    version: 1
    replies:
      - {when: {user: say c}, say: it is c, delay: 20ms, chunk: 2}
      - {when: {user: say a}, say: it is a}
      - {when: {user: say b}, say: it is b}
      - {when: {user: say last}, say: the end}
    """


def test_items_on_a_named_thread_go_one_after_another_and_others_have_their_own(tmp_path):
    control = Control(tmp_path, TALKS, {"flow.replies.yaml": SAYINGS})
    with control.start("--endpoint", "scripted:flow.replies.yaml") as running:
        ended = running.finish()
    assert ended.code == 0, ended.err
    assert [one for event in ended.events for one in misfits("event", event)] == []
    order = [(one["type"], one["step"]) for one in ended.events if one.get("step", "")[-1:] == "]"]
    talked = [step for kind, step in order if kind == "assistant_run_started"]
    assert talked[:3] == ["each[0]", "each[1]", "each[2]"]
    ends = [one for one in ended.of_type("step_finished") if one["step"].startswith("each[")]
    assert [one["step"] for one in ends] == ["each[0]", "each[1]", "each[2]"]
    threads = {one["step"]: one["thread_id"] for one in ended.of_type("assistant_run_started")}
    assert len({threads[one] for one in ("each[0]", "each[1]", "each[2]", "after")}) == 1
    assert len({threads["alone[0]"], threads["alone[1]"], threads["after"]}) == 3
    assert ended.events[-1]["outputs"] == {"each": ["it is c", "it is a", "it is b"]}


def test_a_step_is_repeated_and_sees_what_it_came_to_before(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          word:
            tool: note
            with: {what: "{{ steps.word.status }} {{ steps.word.output }}"}
            repeat: {until: (steps.word.output | length) > 30, max: 5}
        outputs: {word: "{{ steps.word.output }}"}
        """,
    )
    ended = control.execute()
    assert ended.code == 0, ended.err
    assert control.ledger == [
        "pending null",
        "completed PENDING NULL",
        "completed COMPLETED PENDING NULL",
    ]
    assert ended.result["outputs"] == {"word": "COMPLETED COMPLETED PENDING NULL"}


def test_iterations_are_counted_and_the_last_is_kept_when_they_run_out(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          enough: {tool: tally, with: {mark: x}, repeat: {until: steps.enough.output >= 3, max: 5}}
          never:
            tool: tally
            with: {mark: y}
            repeat: {until: steps.never.output > 99, max: 2}
            needs: [enough]
            on_error: continue
          bad:
            tool: note
            with: {what: bad}
            repeat: {until: steps.bad.output, max: 4}
            needs: [never]
        outputs: {enough: "{{ steps.enough.output }}", never: "{{ steps.never.output }}"}
        """,
    )
    ended = control.execute()
    assert ended.code == 1
    assert ended.result["outputs"] == {"enough": 3, "never": 2}
    assert failure(ended, "never") == ("repeat", "`until` was not true after 2 iterations")
    assert failure(ended, "bad")[0] == "tool"
    assert control.ledger == ["x", "x", "x", "y", "y", "bad"]


def test_values_are_computed_with_their_types(tmp_path):
    control = Control(
        tmp_path,
        """
        inputs: {cities: {type: array, items: {type: string}, default: [Paris, Rome]}}
        steps:
          trip:
            set:
              count: "{{ inputs.cities | length }}"
              text: "{{ inputs.cities | length }} cities"
              deep: {all: ["{{ inputs.cities }}", 7, null], half: "{{ 1 / 2 }}", yes: true}
        outputs: {trip: "{{ steps.trip.output }}"}
        """,
    )
    ended = control.execute()
    assert ended.code == 0, ended.err
    assert ended.result["outputs"]["trip"] == {
        "count": 2,
        "text": "2 cities",
        "deep": {"all": [["Paris", "Rome"], 7, None], "half": 0.5, "yes": True},
    }
