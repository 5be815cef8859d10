"""Tools see a short list of variables and what is declared, nothing else."""

import pytest

from flowrun.plan.plan import PlannedTool
from flowrun.tools.arguments import CannotLoad
from flowrun.tools.environment import Surroundings, base_environment, declared_environment
from flowrun.tools.redaction import Redactor


def surroundings(tmp_path, **environment):
    return Surroundings(
        root=tmp_path,
        environment=environment,
        secrets={"TOKEN": "hunter2"}.__getitem__,
        redactor=Redactor(),
    )


def tool(*env):
    return PlannedTool(name="t", kind="shell", env=env)


def test_only_the_short_list_is_passed_on(tmp_path):
    given = surroundings(tmp_path, PATH="/bin", HOME="/h", OPENAI_API_KEY="canary")
    assert base_environment(given) == {"PATH": "/bin", "HOME": "/h"}


def test_references_are_filled_in_wherever_they_stand(tmp_path):
    given = surroundings(tmp_path, CITY="Köln")
    pairs = (
        ("A", "plain $HOME"),
        ("B", "${env:CITY}"),
        ("C", "Bearer ${secret:TOKEN}/${env:CITY}"),
    )
    assert declared_environment(tool(*pairs), given) == {
        "A": "plain $HOME",
        "B": "Köln",
        "C": "Bearer hunter2/Köln",
    }
    assert given.redactor.text("hunter2") == "***"


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (("A", "${env:NOPE}"), "environment variable `NOPE` is not set"),
        (("A", "${secret:NOPE}"), "secret `NOPE` is not there"),
        (("A=B", "x"), "`env` has a name or a value that the system does not take: `'A=B'`"),
        (("A", "x\0y"), "`env` has a name or a value that the system does not take: `'A'`"),
    ],
)
def test_what_is_not_there_cannot_be_loaded(tmp_path, pair, said):
    with pytest.raises(CannotLoad) as caught:
        declared_environment(tool(pair), surroundings(tmp_path))
    assert str(caught.value) == said
