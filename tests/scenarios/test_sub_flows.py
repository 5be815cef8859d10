"""A flow inside a flow: its tools, its variables and models are there, and its steps are seen."""

from tests.support.endpoint import say, serve
from tests.support.scenario import Project, endpoint_settings
from tests.support.scenario_people import Desk

OUTER = """
version: 1
name: outer
steps:
  cities:
    foreach: [Rome, Bonn]
    flow: parts/city.flow.yaml
    with: {city: "{{ item }}"}
  one: {flow: parts/city.flow.yaml, with: {city: Oslo}, needs: [cities]}
outputs:
  all: "{{ steps.cities.output | map(attribute='said') | join(' ') }} {{ steps.one.output.said }}"
"""
CITY = """
version: 1
name: city
env: [REGION]
inputs: {city: {type: string}}
tools:
  shout: {python: "loud:shout", effect: repeatable}
assistants: {guide: {model: m, instructions: Be brief.}}
steps:
  loud: {tool: shout, with: {text: "{{ inputs.city }} in {{ env.REGION }}"}}
  said: {assistant: guide, message: "{{ steps.loud.output }}"}
outputs:
  said: "{{ steps.loud.output }}"
"""
LOUD = '''
def shout(text: str) -> str:
    """Shout."""
    return text.upper()
'''


def project_of(folder, base_url, **environ):
    files = {
        "outer.flow.yaml": OUTER,
        "parts/city.flow.yaml": CITY,
        "parts/loud.py": LOUD,
        "flowrun.yaml": endpoint_settings(base_url),
    }
    return Project(folder, files, **environ)


def test_steps_of_a_sub_flow_are_executed_and_shown_under_theirs(tmp_path):
    with serve(*[say("yes") for _ in range(3)]) as server:
        project = project_of(tmp_path, server.base_url, REGION="eu")
        ended = project.flowrun("execute", "outer.flow.yaml", "--run-id", "r-1")
    assert (ended.code, ended.out) == (0, "ROME IN EU BONN IN EU OSLO IN EU\n"), ended.err
    assert "  cities  started, 2 items" in ended.err
    assert "  one/loud  completed in" in ended.err
    assert "cities[0]/loud" not in ended.err
    shown = project.flowrun("runs", "show", "r-1").out
    table = [line.split("  completed")[0] for line in shown.splitlines() if "  completed  " in line]
    assert [line.rstrip() for line in table] == [
        "cities",
        "  loud",
        "  said",
        "one",
        "  loud",
        "  said",
    ]
    steps = project.show("r-1")["steps"]
    assert steps["cities"]["items"] == {"total": 2, "completed": 2, "failed": 0}
    assert steps["one/loud"]["output"] == "OSLO IN EU"
    assert list(steps["cities/said"]["parts"]) == ["cities[0]/said", "cities[1]/said"]


def test_what_a_sub_flow_lacks_is_refused_before_anything_runs(tmp_path):
    with serve(say("yes")) as server:
        project = project_of(tmp_path, server.base_url, REGION="eu")
        (project.root / "parts" / "loud.py").write_text("import not_there\n" + LOUD, "utf-8")
        refused = project.flowrun("execute", "outer.flow.yaml")
        assert server.requests == []
    assert (refused.code, refused.out) == (3, "")
    assert "tool `shout` cannot be loaded" in refused.err
    assert "parts/city.flow.yaml" in refused.err


def test_a_question_of_a_sub_flow_is_answered_by_its_label(tmp_path):
    desk = Desk(
        tmp_path,
        "version: 1\nname: outer\nsteps: {sub: {flow: inner.yaml}}\n"
        'outputs: {by: "{{ steps.sub.output.by }}"}\n',
        **{
            "inner.yaml": "version: 1\nname: inner\nsteps: {ok: {ask: {message: May I?}}}\n"
            'outputs: {by: "{{ steps.ok.output.by }}"}\n'
        },
    )
    waiting = desk.execute()
    assert waiting.code == 5, waiting.err
    assert "flowrun runs answer r-1 sub/ok --approve" in waiting.err
    done = desk.answer("sub/ok", "--approve", "--as", "ann")
    assert (done.code, done.out) == (0, "ann\n"), done.err
