"""Which changes of a run end the following of it."""

from typing import get_args

from flowrun.assistants.progress import RunChanged
from flowrun.ports.runtime import TERMINAL, RunStatus
from tests.unit.assistants.test_turnplan import run


def test_following_ends_with_a_required_action_or_a_terminal_status():
    stops = {status for status in get_args(RunStatus) if RunChanged(status, run()).stops}
    assert stops == TERMINAL | {"requires_action"}
