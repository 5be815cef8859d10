"""What the quick commands may load: each is run in a process of its own and asked."""

import json

import pytest

from tests.support.repository import ROOT, run_python

PROBE = """
import json, sys
before = set(sys.modules)
from flowrun.cli.main import run
try:
    run(json.loads(sys.argv[1]))
except SystemExit as end:
    code = end.code or 0
loaded = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
print("\\n" + json.dumps([code, loaded]))
"""

HEAVY = frozenset(
    [
        "asyncio",
        "click",
        "httpx2",
        "jinja2",
        "jsonschema_rs",
        "networkx",
        "openai",
        "pydantic",
        "pydantic_core",
        "rich",
        "sqlite3",
        "subprocess",
        "watchfiles",
        "yaml",
    ]
)
"""What costs time or opens doors; of these a command loads what the table below says, no more."""

FLOW = "flows/weather_report.flow.yaml"
CHECKING = frozenset(["click", "jinja2", "jsonschema_rs", "pydantic", "pydantic_core", "yaml"])

MAY_LOAD = {
    ("--help",): {"click"},
    ("--version",): {"click"},
    ("execute", "--help"): CHECKING | {"asyncio", "sqlite3", "subprocess"},
    ("check", "--help"): CHECKING,
    ("explain", "graph/cycle"): {"click"},
    ("check", FLOW): CHECKING,
    ("graph", FLOW): CHECKING,
}


@pytest.mark.parametrize("arguments", list(MAY_LOAD), ids=" ".join)
def test_a_quick_command_loads_only_what_it_needs(arguments):
    done = run_python("-c", PROBE, json.dumps(arguments), cwd=ROOT)
    code, loaded = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    assert HEAVY & set(loaded) <= MAY_LOAD[arguments]


def test_check_never_imports_a_tool_module(tmp_path):
    (tmp_path / "loud.py").write_text(
        'open("imported", "w")\ndef speak() -> str:\n    """Speak."""\n'
    )
    flow = tmp_path / "loud.flow.yaml"
    flow.write_text(
        "version: 1\nname: loud\n"
        "tools: {speak: {python: loud:speak}}\nsteps: {only: {tool: speak}}\n"
    )
    done = run_python("-m", "flowrun", "check", str(flow), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "imported").exists()
