"""The project file: what binds, what is refused, and that keys are never shown."""

import pytest

from flowrun.spec.bind import bind_project
from flowrun.spec.project import Project
from tests.support.binding import document, the_only_complaint

SOUND = """\
version: 1
default_endpoint: ollama
endpoints:
  ollama:
    base_url: http://localhost:11434/v1
  vllm:
    base_url: http://gpu.example:8000/v1
    api_key: ${secret:VLLM_KEY}
    timeout: {connect: 500ms, read: 5m}
    retries: 5
    max_concurrency: 16
    wire: responses
    headers: {Team: travel}
models:
  gpt-5-mini: {model: "qwen3:8b", endpoint: ollama}
  big: {model: gpt-5, endpoint: openai, prices: {input: 1.25, cached_input: 0.125, output: 10}}
tool_paths: [tools]
store: {path: .flowrun/store.db, durability: process}
runtime: local
"""


def test_a_whole_project_binds():
    project, complaints = bind_project(document(SOUND, "flowrun.yaml"))
    assert complaints == ()
    assert project is not None
    assert project.whole
    settings = project.project
    assert settings.endpoints["vllm"].connect_timeout_s == 0.5
    assert settings.endpoints["vllm"].read_timeout_s == 300
    assert settings.endpoints["ollama"].wire == "chat"
    assert settings.models["big"].prices.cached_input == 0.125
    assert settings.store.durability == "process"


def test_an_empty_project_has_the_documented_defaults():
    settings = Project(version=1)
    assert settings.store.path == ".flowrun/store.db"
    assert settings.store.durability == "full"
    assert settings.runtime == "local"
    assert settings.endpoints == {}


MISTAKES = {
    "version": (
        "version: «3»\n",
        "bind/unknown-version",
        "`version` must be `1`, found the number `3`",
    ),
    "key": (
        "version: 1\n«endpoint»: {}\n",
        "bind/unknown-key",
        "the project file has no key `endpoint`",
    ),
    "address": (
        "version: 1\nendpoints: {a: {base_url: «localhost:8000»}}\n",
        "bind/wrong-value",
        (
            "`base_url` of endpoint `a` must be an address that begins with `http://` or "
            "`https://`, found the text `localhost:8000`"
        ),
    ),
    "wire": (
        "version: 1\nendpoints: {a: {wire: «chats»}}\n",
        "bind/wrong-value",
        "`wire` of endpoint `a` must be `chat` or `responses`, found the text `chats`",
    ),
    "timeout": (
        "version: 1\nendpoints: {a: {timeout: {connect: «5»}}}\n",
        "bind/wrong-type",
        "`connect` of `timeout` of endpoint `a` must be a text, found the number `5`",
    ),
    "key written out": (
        "version: 1\nendpoints: {a: {api_key: «sk-very-secret»}}\n",
        "bind/wrong-value",
        "`api_key` of endpoint `a` must be a reference, found the key itself",
    ),
    "key of the wrong type": (
        "version: 1\nendpoints: {a: {api_key: «4711»}}\n",
        "bind/wrong-type",
        "`api_key` of endpoint `a` must be a text, found a number",
    ),
    "unknown default": (
        "version: 1\nendpoints: {local: {}}\ndefault_endpoint: «locla»\n",
        "ref/unknown-endpoint",
        "`default_endpoint` must be a declared endpoint, found `locla`",
    ),
    "unknown endpoint of a model": (
        "version: 1\nmodels: {a: {model: m, endpoint: «nowhere»}}\n",
        "ref/unknown-endpoint",
        "`endpoint` of model `a` must be a declared endpoint, found `nowhere`",
    ),
    "price": (
        "version: 1\nmodels: {a: {model: m, prices: {input: 1, output: «-1»}}}\n",
        "bind/wrong-value",
        "`output` of `prices` of model `a` must be at least 0, found the number `-1`",
    ),
    "port": (
        "version: 1\nendpoints: {a: {base_url: «http://localhost:99999/v1»}}\n",
        "bind/wrong-value",
        "`base_url` of endpoint `a` must have a port from 1 to 65535, found `99999`",
    ),
    "header": (
        "version: 1\nendpoints: {a: {headers: {«X Y»: a}}}\n",
        "bind/wrong-value",
        "the name of a header must be letters, digits and `-`, found `X Y`",
    ),
    "value of a header": (
        'version: 1\nendpoints: {a: {headers: {X: «"sk-very\\nb"»}}}\n',
        "bind/wrong-value",
        "`headers.X` of endpoint `a` must be one line of plain letters, found another",
    ),
    "no time at all": (
        "version: 1\nendpoints: {a: {timeout: {read: «0s»}}}\n",
        "bind/wrong-value",
        "`read` of `timeout` of endpoint `a` must be more than 0, found `0s`",
    ),
    "store in a folder": (
        "version: 1\nstore: {path: «./»}\n",
        "bind/wrong-value",
        "`path` of `store` must name a file, found `./`",
    ),
    "durability": (
        "version: 1\nstore: {durability: «none»}\n",
        "bind/wrong-value",
        "`durability` of `store` must be `full` or `process`, found the text `none`",
    ),
}


@pytest.mark.parametrize(("text", "code", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_once_at_its_place(text, code, message):
    complaint = the_only_complaint(text, bind_project)
    assert (complaint.code, complaint.message) == (code, message)
    for secret in ("sk-very", "4711"):
        assert secret not in complaint.message + (complaint.hint or "")


def test_a_bad_endpoint_is_dropped_by_name_and_the_others_stay():
    text = "version: 1\nendpoints: {a: {wire: x}, b: {}}\nmodels: {m: {model: x, endpoint: a}}\n"
    project, complaints = bind_project(document(text, "flowrun.yaml"))
    assert len(complaints) == 1
    assert project is not None
    assert list(project.project.endpoints) == ["b"]
    assert project.dropped == {("endpoints", "a")}
