"""Functions get real objects, give JSON, and their failures are outcomes."""

import asyncio
import hashlib
import threading
import time

import pytest

from flowrun.ports.tools import ToolFailed, ToolSucceeded
from tests.support.tool_runs import INVOCATION, arguments, python

MODULE = """
import asyncio, dataclasses, datetime, enum, sys, threading, time
from typing import Annotated
from pydantic import BaseModel, Field

class Unit(enum.Enum):
    CELSIUS = "celsius"

class Place(BaseModel):
    name: str
    since: datetime.date | None = None

@dataclasses.dataclass
class Trip:
    places: list[Place]
    unit: Unit = Unit.CELSIUS

def describe(trip: Trip, days: Annotated[int, Field(ge=1)] = 3, *, note: str = "none"):
    assert isinstance(trip, Trip) and isinstance(trip.places[0], Place)
    return {"kind": type(trip.unit).__name__, "trip": trip, "days": days, "note": note}

async def double(x: int) -> "Unresolvable":
    await asyncio.sleep(0)
    return {"twice": x * 2}

def field_default(x: int = Field(7)): return x
def anything(**given): return given
def raises(): raise LookupError("no such\\n city")
async def raises_async(): raise LookupError("no such city")
def exits(): sys.exit("bye")
async def exits_async(): sys.exit(3)
def cancels_nobody(): raise asyncio.CancelledError
async def cancels_itself(): raise asyncio.CancelledError
async def sleeps(): await asyncio.sleep(60)
async def stubborn():
    while True:
        try:
            await asyncio.sleep(0.4)
            return
        except asyncio.CancelledError:
            await asyncio.sleep(1.5)
            return
release = threading.Event()
def blocks(): release.wait(30)
def says(): print("loud"); return "quiet"
async def says_async(): print("loud"); return "quiet"
def unspeakable(): return object()
def long_text(): return "x" * 100
def forgets(): return double(1)
def secret(): return {"t": "<hunter2-and-more>", "hunter2-and-more": 1}
def secret_raise(): raise ValueError("token hunter2-and-more is bad")
def key():
    from flowrun.tools.invocation import current_invocation
    return current_invocation.get().idempotency_key
def pays(amount: int, idempotency_key: str): return [amount, idempotency_key]
async def pays_async(amount: int, *, idempotency_key=None): return [amount, idempotency_key]
def keyed_or_open(idempotency_key: int = 0, **rest): return [idempotency_key, rest]
def yields(): yield 1
async def yields_async(): yield 1
def by_position(a, /): return a
def bad_annotation(x: "NoSuchType"): return x
value = 3
"""


@pytest.fixture
def module(project):
    return project.write("tools_here.py", MODULE)


@pytest.fixture(autouse=True)
def _written(module):
    """Every test here has the module."""


def test_arguments_become_real_objects(project):
    trip = {"places": [{"name": "Köln", "since": "2026-11-20"}], "unit": "celsius"}
    outcome = project.call(python("describe"), trip=trip, days="4")
    assert outcome == ToolSucceeded(
        value={"kind": "Unit", "trip": trip, "days": 4, "note": "none"},
        text='{"kind":"Unit","trip":{"places":[{"name":"Köln","since":"2026-11-20"}],'
        '"unit":"celsius"},"days":4,"note":"none"}',
    )


def test_what_the_annotations_do_not_admit_is_said_in_plain_words(project):
    outcome = project.call(
        python("describe"), trip={"places": [{"nam": "x"}], "unit": "kelvin"}, days=0, more=1
    )
    assert outcome.kind == "bad_arguments"
    assert outcome.message == (
        "arguments of `describe` do not fit: argument `trip.places[0].name`: field required; "
        "argument `trip.unit`: input should be 'celsius'; "
        "argument `days`: input should be greater than or equal to 1; "
        "argument `more` is not known"
    )
    assert project.call(python("describe")).message.endswith("argument `trip` is required")


def test_the_schema_is_asked_first(project):
    tool = python("double", parameters=arguments(x={"type": "integer"}))
    assert project.call(tool, x="2").message == (
        'arguments of `double` do not fit: argument `x`: expected integer, found `"2"`'
    )
    assert project.call(tool, x=2).value == {"twice": 4}


def test_the_functions_own_default_goes_before_the_schemas(project):
    tool = python("field_default", parameters=arguments(x={"default": 99}))
    assert project.call(tool).value == 7
    needed = python("double", parameters=arguments(x={"default": 21}))
    assert project.call(needed).value == {"twice": 42}


def test_further_arguments_reach_a_function_that_takes_any(project):
    assert project.call(python("anything"), a=1, b=[2]).value == {"a": 1, "b": [2]}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raises", "`raises` raised LookupError: no such city"),
        ("raises_async", "`raises_async` raised LookupError: no such city"),
        ("exits", "`exits` raised SystemExit: bye"),
        ("exits_async", "`exits_async` raised SystemExit: 3"),
        ("cancels_nobody", "`cancels_nobody` raised CancelledError"),
        ("cancels_itself", "`cancels_itself` cancelled itself"),
        (
            "forgets",
            "`forgets` returned work to be awaited; use `async def`",
        ),
    ],
)
def test_what_a_function_raises_is_an_outcome(project, name, message):
    assert project.call(python(name)) == ToolFailed(kind="exception", message=message)


def test_what_json_cannot_say_is_a_failure(project):
    outcome = project.call(python("unspeakable"))
    assert outcome.kind == "exception"
    assert outcome.message.startswith("`unspeakable` returned what JSON cannot say: ")


def test_the_text_is_capped(project):
    outcome = project.call(python("long_text", max_output=10))
    assert outcome.text == "x" * 10 + "\n… truncated 90 bytes"


@pytest.mark.parametrize("name", ["says", "says_async"])
def test_what_a_function_prints_goes_to_stderr(project, capsys, name):
    assert project.call(python(name)).text == "quiet"
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "loud\n")


def test_secrets_are_masked_in_values_and_messages(project):
    project.secrets["TOKEN"] = project.environment["TOKEN"] = "hunter2-and-more"
    env = (("TOKEN", "${secret:TOKEN}"),)
    outcome = project.call(python("secret", env=env))
    assert outcome.value == {"t": "<***>", "***": 1}
    assert outcome.text == '{"t":"<***>","***":1}'
    failed = project.call(python("secret_raise", env=env))
    assert failed.message == "`secret_raise` raised ValueError: token *** is bad"


def test_a_function_can_read_its_idempotency_key(project):
    assert project.call(python("key")).value == INVOCATION.idempotency_key


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("name", ["pays", "pays_async"])
def test_a_parameter_of_that_name_is_given_the_idempotency_key(project, name, closed):
    given = {**arguments(amount={"type": "integer"}), "additionalProperties": not closed}
    outcome = project.call(python(name, parameters=given), amount=3)
    assert outcome.value == [3, INVOCATION.idempotency_key]


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("name", ["pays", "pays_async", "keyed_or_open"])
def test_nobody_who_calls_it_can_set_the_idempotency_key(project, name, closed):
    amount = arguments(amount={"type": "integer"})["properties"]
    given = {"type": "object", "properties": amount, "additionalProperties": not closed}
    if name == "keyed_or_open":
        given = {"type": "object"}
    outcome = project.call(python(name, parameters=given), amount=3, idempotency_key="mine")
    assert outcome.kind == "bad_arguments"
    assert "argument `idempotency_key` is not known" in outcome.message


def test_a_schema_that_names_the_idempotency_key_is_refused(project):
    given = arguments(amount={"type": "integer"}, idempotency_key={"type": "string"})
    assert project.problem(python("pays", parameters=given)) == (
        "`idempotency_key` is filled in by flowrun, so `parameters` must not name it"
    )


def test_an_async_function_is_stopped_at_its_timeout(project):
    started = time.monotonic()
    assert project.call(python("sleeps", timeout_s=0.05)) == ToolFailed(
        kind="timeout", message="`sleeps` did not finish within 0.05 s and was stopped"
    )
    assert time.monotonic() - started < 2


def test_one_that_does_not_heed_is_left_and_said_to_be(project):
    outcome = project.call(python("stubborn", timeout_s=0.05))
    assert outcome.kind == "timeout"
    assert outcome.message.endswith("and did not stop when it was told to")


def test_a_blocked_thread_is_left_and_said_to_be(project):
    started = time.monotonic()
    runner = project.load(python("blocks", timeout_s=0.05), python("long_text"))

    async def main():
        outcomes = await asyncio.gather(*(runner.run("blocks", {}, INVOCATION) for _ in range(40)))
        return outcomes, await runner.run("long_text", {}, INVOCATION)

    outcomes, after = asyncio.run(main())
    assert {one.kind for one in outcomes} == {"timeout"}
    assert "cannot be stopped, so it may still be at work" in outcomes[0].message
    assert isinstance(after, ToolSucceeded)
    assert time.monotonic() - started < 5
    runner._tools["blocks"]._function.__globals__["release"].set()
    runner.close()
    for thread in [one for one in threading.enumerate() if one.name.startswith("flowrun-tool")]:
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize("name", ["sleeps", "blocks"])
def test_cancelling_is_raised_at_once(project, name):
    runner = project.load(python(name))

    async def main():
        task = asyncio.create_task(runner.run(name, {}, INVOCATION))
        await asyncio.sleep(0.05)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 1
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    runner._tools[name]._function.__globals__["release"].set()
    runner.close()


def test_annotations_that_cannot_be_used_cannot_be_loaded(project):
    assert project.problem(python("bad_annotation")) == (
        "`tools_here:bad_annotation` has a parameter `x` whose type cannot be used: "
        "NameError: name 'NoSuchType' is not defined"
    )


def test_a_function_that_the_schema_could_not_call_cannot_be_loaded(project):
    project.write(
        "wrapped.py",
        "def swapped(function):\n    def inner(place): return function(place)\n    return inner\n"
        "@swapped\ndef sunny(city: str): return city\n"
        "def further(city: str, days: int): return city\n",
    )
    closed = {**arguments(city={"type": "string"}), "additionalProperties": False}
    assert project.problem(python("sunny", "wrapped", parameters=closed)) == (
        "`wrapped:sunny` has no parameter `city`, which `parameters` names"
    )
    assert project.problem(python("further", "wrapped", parameters=closed)) == (
        "`wrapped:further` needs `days`, which `parameters` does not name"
    )


def test_a_validator_that_breaks_is_the_tools_exception_and_what_it_prints_is_kept_apart(
    project, capsys
):
    project.write(
        "validating.py",
        "import dataclasses\n@dataclasses.dataclass\nclass Place:\n    name: str\n"
        "    def __post_init__(self):\n        print('loud')\n        raise LookupError('no map')\n"
        "def find(place: Place): return 1\n",
    )
    outcome = project.call(python("find", "validating"), place={"name": "Oslo"})
    assert outcome == ToolFailed(
        kind="exception",
        message="`find` raised LookupError: no map while its arguments were converted",
    )
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nope", "module `tools_here` has no function `nope`"),
        ("value", "`tools_here:value` is not a function"),
        ("yields", "`tools_here:yields` must return its result, it yields"),
        ("yields_async", "`tools_here:yields_async` must return its result, it yields"),
        (
            "by_position",
            "`tools_here:by_position` takes `a` by position only, arguments have names",
        ),
    ],
)
def test_what_cannot_be_called_cannot_be_loaded(project, name, said):
    assert project.problem(python(name)) == said


def test_a_module_that_is_not_there_or_breaks_cannot_be_loaded(project):
    missing = "no module `nope` beside the flow, in the project or in `tool_paths`"
    assert project.problem(python("f", module="nope")) == missing
    project.write("broken.py", "import tools_here\nimport not_installed\n")
    assert project.problem(python("f", module="broken")) == (
        "module `broken` cannot be loaded: ModuleNotFoundError: No module named 'not_installed'"
    )
    project.write("typo.py", "def f(:\n")
    assert project.problem(python("f", module="typo")).endswith("(typo.py, line 1)")
    project.write("leaves.py", "raise SystemExit(3)\n")
    assert project.problem(python("f", module="leaves")).endswith("SystemExit: 3")


def test_what_was_reviewed_is_what_runs(project, module):
    digest = hashlib.sha256(module.read_bytes()).hexdigest()
    assert project.call(python("long_text", source_digest=digest)).text == "x" * 100
    project.write("tools_here.py", MODULE + "\n# later\n")
    assert project.problem(python("long_text", source_digest=digest)) == (
        "`tools_here.py` changed since the flow was checked"
    )


def test_what_cannot_be_promised_to_a_function_is_refused(project):
    assert "`env` cannot set `A`" in project.problem(python("says", env=(("A", "x"),)))
    assert "`cwd` cannot be set" in project.problem(python("says", cwd="flows"))
    project.environment["A"] = "x"
    assert project.call(python("says", env=(("A", "${env:A}"),))).text == "quiet"
