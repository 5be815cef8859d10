"""Every flow of the repository, offline: what it gives back, in the shapes that are promised."""

import json

import pytest

from tests.support.scenario import Project, flows_project, misfits

FLOWS = (
    "weather_report",
    "math_quiz",
    "concurrent_students",
    "review_panel",
    "summarise_files",
    "draft_and_critique",
    "write_until_good",
    "city_guide",
)
"""All but the refund desk, which waits for a person; see `test_refund_desk.py`."""

OUTPUTS = {
    "weather_report": {
        "report": "Weather: mild all year, 14 °C (57 °F) on average, from 11 to 17 °C by month.\n"
        "Packing: layers, a light rain jacket, comfortable shoes.\n"
        "Photos: see the free space of the disk.\n",
    },
    "math_quiz": {
        "feedback": "1. Derivative: you left it open; f'(x) = 6x + 2.\n"
        "2. Integral: you chose a) 0; the correct answer is b) 1.\n",
        "advice": "The derivative, because the integral is its reverse.",
    },
    "concurrent_students": {
        "equation": "Subtract 11 from both sides to get 3x = 3, then divide by 3 to find x = 1.",
        "thanks": "You're welcome! If you have any more questions, feel free to ask!",
    },
    "review_panel": {"approved": False},
    "summarise_files": {
        "digest": "The store is one file now and opens in 3 ms, answers are streamed and repeated"
        " once when they are cut, and tools can ask a person first: 14 refunds, 2 refused, none"
        " doubled.",
        "summaries": [
            (
                "The store is one file now and opens in 3 ms; a command to clean up the old folder"
                " is planned."
            ),
            (
                "Answers are streamed; a stream that is cut is repeated once, and support wants to"
                " be told."
            ),
            "Tools can ask a person first; of 14 refunds 2 were refused and none was doubled.",
        ],
        "missing": [],
    },
    "draft_and_critique": {"score": 3, "feedback": "Say what one can do with them."},
    "write_until_good": {
        "text": "Structured logs can be searched by field and counted: how many payments failed"
        " since noon, and for which customer, is one query.",
        "score": 9,
    },
    "city_guide": {
        "answer": "San Francisco, because its weather hardly changes from month to month."
    },
}


def execute(project, flow, *arguments):
    return project.flowrun("execute", f"flows/{flow}.flow.yaml", *arguments)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_completes_and_standard_output_is_one_object_of_the_promised_shape(tmp_path, flow):
    ended = execute(flows_project(tmp_path), flow, "--format", "json")
    assert ended.code == 0, ended.err
    result = ended.result
    assert misfits("result", result) == []
    assert result["status"] == "completed"
    assert {one["status"] for one in result["steps"].values()} == {"completed"}
    assert OUTPUTS[flow].items() <= result["outputs"].items()


@pytest.mark.parametrize("flow", FLOWS)
def test_every_line_of_jsonl_is_an_event_of_the_promised_shape(tmp_path, flow):
    ended = execute(flows_project(tmp_path), flow, "--format", "jsonl")
    assert ended.code == 0, ended.err
    events = ended.events
    assert [one for event in events for one in misfits("event", event)] == []
    assert (events[0]["type"], events[-1]["type"]) == ("flow_run_started", "flow_run_finished")
    assert len(ended.of_type("flow_run_finished")) == 1
    numbers = [one["seq"] for one in events if one["seq"] is not None]
    assert numbers == sorted(set(numbers))


def test_the_first_line_says_that_the_model_is_scripted(tmp_path):
    ended = execute(flows_project(tmp_path), "weather_report")
    assert ended.err.splitlines()[0] == (
        "no OPENAI_API_KEY: answers come from the scripted model in"
        " flows/weather_report.replies.yaml"
    )


def test_the_two_calls_of_one_required_action_are_submitted_together(tmp_path):
    ended = execute(flows_project(tmp_path), "weather_report", "--format", "jsonl")
    [requested] = ended.of_type("tool_calls_requested")
    [submitted] = ended.of_type("tool_outputs_submitted")
    assert {one["tool"] for one in requested["calls"]} == {"get_current_weather"}
    assert submitted["call_ids"] == [one["id"] for one in requested["calls"]]
    assert len(submitted["call_ids"]) == 2


def test_both_tools_of_the_weather_report_are_called(tmp_path):
    ended = execute(flows_project(tmp_path), "weather_report", "--format", "jsonl")
    assert {one["tool"] for one in ended.of_type("tool_call_started")} == {
        "get_current_weather",
        "disk_free",
    }
    finished = {one["step"]: one for one in ended.of_type("step_finished")}
    assert finished["disk"]["output"]["exit_code"] == 0
    degrees = [json.loads(one["output"]) for one in finished["forecast"]["tool_calls"]]
    assert [(one["unit"], one["average"]) for one in degrees] == [
        ("celsius", 14),
        ("fahrenheit", 57),
    ]


def test_inputs_are_typed_by_their_declaration(tmp_path):
    project = flows_project(tmp_path)
    ended = execute(
        project, "weather_report", "-i", "city=Paris", "-i", "days=2", "--format", "json"
    )
    assert ended.code == 0, ended.err
    assert "13 °C" in ended.result["outputs"]["report"]
    assert project.show(ended.result["run_id"])["inputs"] == {"city": "Paris", "days": 2}
    refused = execute(project, "weather_report", "-i", "days=soon")
    assert (refused.code, refused.out) == (64, "")
    assert "`days`" in refused.err


def test_one_output_is_printed_as_it_is_and_several_under_their_names(tmp_path):
    project = flows_project(tmp_path)
    several = execute(project, "math_quiz")
    assert several.out.startswith("feedback:\n1. Derivative")
    assert several.out.endswith(
        "\n\nadvice:\nThe derivative, because the integral is its reverse.\n"
    )


def test_what_a_flow_did_can_be_looked_up_afterwards(tmp_path):
    project = flows_project(tmp_path)
    result = execute(project, "review_panel", "--format", "json").result
    shown = project.show(result["run_id"])
    assert shown["outputs"] == result["outputs"]
    assert [one["status"] for one in shown["steps"].values()] == ["completed"] * 3
    [row] = project.runs()
    assert (row["run_id"], row["status"], row["alive"]) == (result["run_id"], "completed", False)


def test_the_writer_and_the_critic_go_on_until_the_score_is_reached(tmp_path):
    project = flows_project(tmp_path)
    ended = execute(project, "write_until_good", "--format", "jsonl")
    assert ended.code == 0, ended.err
    rounds = [one for one in ended.of_type("step_finished") if one["step"].startswith("paragraph#")]
    scores = [one["output"]["score"] for one in rounds if "/" not in one["step"]]
    assert scores == [3, 7, 9]
    writers = [
        one for one in ended.of_type("assistant_run_started") if one["assistant"] == "writer"
    ]
    assert len(writers) == 3
    assert len({one["thread_id"] for one in writers}) == 1, "the writer remembers"
    content = execute(project, "write_until_good", "-i", "score=7", "--format", "json")
    assert content.result["outputs"]["score"] == 7
    never = execute(project, "write_until_good", "-i", "score=10", "--format", "json")
    assert never.code == 1
    assert never.result["status"] == "failed"


def test_a_note_that_nobody_can_summarise_is_missing_and_the_others_are_there(tmp_path):
    project = flows_project(tmp_path)
    project.write({"flows/notes/delta.md": "# Delta\n\nNobody has a reply for this.\n"})
    flow = project.root / "flows" / "summarise_files.flow.yaml"
    flow.write_text(flow.read_text("utf-8").replace("delay: 2s", "delay: 1ms"), "utf-8")
    ended = execute(project, "summarise_files", "--format", "json")
    assert ended.code == 0, ended.err
    summaries = ended.result["outputs"]["summaries"]
    assert [one is None for one in summaries] == [False, False, True, False]
    [missing] = ended.result["outputs"]["missing"]
    assert (missing["index"], missing["code"]) == (2, "endpoint")
    assert ended.result["outputs"]["digest"] == OUTPUTS["summarise_files"]["digest"]


def test_with_one_city_there_is_nothing_to_choose(tmp_path):
    ended = execute(
        flows_project(tmp_path), "city_guide", "-i", 'cities=["Paris"]', "--format", "json"
    )
    assert ended.code == 0, ended.err
    assert ended.result["steps"]["choice"]["status"] == "skipped"
    assert ended.result["outputs"]["answer"].startswith("Weather: 13 °C")


def test_the_flows_are_sound_for_the_checker(tmp_path):
    checked = flows_project(tmp_path).flowrun("check", "flows")
    assert (checked.code, checked.out) == (0, "9 flows checked, nothing wrong\n")


def test_calls_of_one_required_action_are_at_work_at_the_same_time(tmp_path):
    project = Project(
        tmp_path,
        {
            "meet.flow.yaml": """
                version: 1
                name: meet
                tools: {meet: {python: "meeting:meet"}}
                assistants: {host: {model: m, tools: [meet]}}
                steps: {party: {assistant: host, message: Meet}}
                outputs: {said: "{{ steps.party.output }}"}
                """,
            "meet.replies.yaml": """
                version: 1
                replies:
                  - when: {user: meet}
                    call: [{tool: meet, arguments: {}}, {tool: meet, arguments: {}}]
                  - when: {after: meet, output: met}
                    say: They met.
                """,
            "meeting.py": """
                import threading

                TABLE = threading.Barrier(2, timeout=10)

                def meet() -> str:
                    \"\"\"Wait for the other.\"\"\"
                    TABLE.wait()
                    return "met"
                """,
        },
    )
    ended = project.flowrun("execute", "meet.flow.yaml")
    assert (ended.code, ended.out) == (0, "They met.\n"), ended.err
