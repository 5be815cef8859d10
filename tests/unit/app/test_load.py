"""From a path to a plan: what is looked up on the way, and what is complained of."""

import pytest

from flowrun.app.load import load_flow
from flowrun.errors import InvalidSource, ProjectError
from flowrun.plan.plan import FlowAction
from tests.support.projects import BARE, TALK, make, make_files

SETTINGS = "version: 1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make(tmp_path, flowrun_yaml=SETTINGS)


def codes(path, environ=BARE):
    return [one.code for one in load_flow(str(path), environ=environ).report.diagnostics]


def test_a_sound_flow_has_a_plan_and_its_path_from_the_root(folder):
    make_files(folder, {"flows/talk.flow.yaml": TALK})
    loaded = load_flow("flows/talk.flow.yaml", environ=BARE)
    assert loaded.require_plan().flow == "talk"
    assert (loaded.path, loaded.flow_dir) == ("flows/talk.flow.yaml", folder / "flows")
    assert loaded.report.diagnostics == ()


def test_a_flow_with_a_mistake_has_none_and_says_all(folder):
    make(
        folder, talk_flow_yaml=TALK.replace("inputs.city", "inputs.cty").replace("model", "modell")
    )
    loaded = load_flow("talk.flow.yaml", environ=BARE)
    assert {one.code for one in loaded.report.diagnostics} >= {"ref/unknown-input"}
    assert loaded.plan is None
    with pytest.raises(InvalidSource) as refused:
        loaded.require_plan()
    assert refused.value.report is loaded.report


def test_a_warning_alone_refuses_nothing(folder):
    make(folder, talk_flow_yaml=TALK.replace("{{ inputs.city }}", "Paris"))
    loaded = load_flow("talk.flow.yaml", environ=BARE)
    assert [one.code for one in loaded.report.diagnostics] == ["lint/unused-input"]
    assert loaded.plan is not None


def test_places_are_seen_from_where_one_stands(folder, monkeypatch):
    make_files(folder, {"flows/talk.flow.yaml": TALK.replace("inputs.city", "inputs.cty")})
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    report = load_flow("../flows/talk.flow.yaml", environ=BARE).report
    assert {one.span.path for one in report.diagnostics} == {"../flows/talk.flow.yaml"}
    assert set(report.sources) == {"../flows/talk.flow.yaml"}


def test_line_ends_of_windows_change_nothing(folder):
    make(folder, a_flow_yaml=TALK)
    (folder / "b.flow.yaml").write_bytes(TALK.lstrip("\n").replace("\n", "\r\n").encode())
    plans = [load_flow(path, environ=BARE).plan for path in ("a.flow.yaml", "b.flow.yaml")]
    assert plans[0] == plans[1] is not None


def test_five_megabytes_of_garbage_are_one_complaint(folder):
    (folder / "g.flow.yaml").write_bytes(bytes(range(256)) * 20_000)
    assert codes("g.flow.yaml") == ["yaml/encoding"]
    (folder / "g.flow.yaml").write_bytes(b"[{" * 2_500_000)
    assert codes("g.flow.yaml") == ["yaml/too-deep"]


def test_settings_with_mistakes_refuse_every_flow(folder):
    make(folder, flowrun_yaml="version: 1\nx: 1\n", talk_flow_yaml=TALK)
    with pytest.raises(InvalidSource):
        load_flow("talk.flow.yaml", environ=BARE)


def test_no_file_is_no_flow(folder):
    with pytest.raises(ProjectError):
        load_flow("talk.flow.yaml", environ=BARE)


INNER = """
version: 1
name: inner
inputs: {city: {type: string}}
steps: {said: {set: {text: "In {{ inputs.city }}"}}}
outputs: {text: "{{ steps.said.output.text }}"}
"""
OUTER = """
version: 1
name: outer
steps:
  inner: {flow: parts/inner.flow.yaml, with: {city: Paris}}
outputs: {text: "{{ steps.inner.output.text }}"}
"""


def test_a_sub_flow_is_found_from_the_file_that_names_it(folder):
    make_files(folder, {"flows/outer.flow.yaml": OUTER, "flows/parts/inner.flow.yaml": INNER})
    loaded = load_flow("flows/outer.flow.yaml", environ=BARE)
    action = loaded.require_plan().steps[0].action
    assert isinstance(action, FlowAction)
    assert action.path == "flows/parts/inner.flow.yaml"
    assert action.plan.flow == "inner"
    assert load_flow("flows/parts/inner.flow.yaml", environ=BARE).plan == action.plan


def test_mistakes_of_a_sub_flow_are_shown_where_they_are(folder, monkeypatch):
    broken = INNER.replace("inputs.city }}", "inputs.cty }}")
    make_files(folder, {"flows/outer.flow.yaml": OUTER, "flows/parts/inner.flow.yaml": broken})
    monkeypatch.chdir(folder / "flows")
    report = load_flow("outer.flow.yaml", environ=BARE).report
    assert [(one.span.path, one.code) for one in report.diagnostics] == [
        ("outer.flow.yaml", "flow/broken"),
        ("parts/inner.flow.yaml", "ref/unknown-input"),
    ]
    assert set(report.sources) == {"outer.flow.yaml", "parts/inner.flow.yaml"}


def test_a_sub_flow_that_is_not_there_is_missing_at_the_step(folder):
    make_files(folder, {"outer.flow.yaml": OUTER, "parts/inner.flow.yml": INNER})
    (one,) = load_flow("outer.flow.yaml", environ=BARE).report.diagnostics
    assert one.code == "file/missing"
    assert str(one.span) == "outer.flow.yaml:4:17"
    assert one.hint == "did you mean `parts/inner.flow.yml`?"


def test_the_tools_of_a_sub_flow_are_looked_for_beside_it(folder):
    inner = """
version: 1
name: inner
tools: {greet: {python: "greeting:greet"}}
steps: {hello: {tool: greet, with: {name: Ada}}}
"""
    outer = "version: 1\nname: outer\nsteps: {a: {flow: parts/inner.flow.yaml}}\n"
    greeting = "def greet(name: str) -> str:\n    return name\n"
    files = {"outer.flow.yaml": outer, "parts/inner.flow.yaml": inner}
    make_files(folder, {**files, "greeting.py": greeting})
    assert codes("outer.flow.yaml") == []
    make_files(folder, {**files, "parts/greeting.py": greeting.replace("name", "who")})
    assert "flow/broken" in codes("outer.flow.yaml")
