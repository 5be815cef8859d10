"""Run a command of flowrun in this process, as a shell would."""

from dataclasses import dataclass

import pytest

from flowrun.cli.main import run


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


def flowrun(capsys, *arguments):
    """Run `flowrun ARGUMENTS`; `capsys` is pytest's."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        run(list(arguments))
    written = capsys.readouterr()
    return Ran(int(ended.value.code or 0), written.out, written.err)
