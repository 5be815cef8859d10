"""K31: a disk that is full, too small or read-only: what is said, what is lost, what goes on.

Each tale has a disk of its own; see `tests.support.small_disk`.
"""

import json
import shutil
import subprocess
import sys

import pytest

from tests.support.repository import ROOT
from tests.support.small_disk import STEPS, UNSHARE


def may_mount():
    if shutil.which(UNSHARE[0]) is None:
        return False
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, check=False)
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(not may_mount(), reason="this system lends no disks to users")

FREE = "free some space, then `flowrun runs resume`; what was acknowledged is kept"
FULL = ["it cannot be written: the disk is full", FREE]
WRITABLE = (
    "make its folder writable, or set `store.path` in `flowrun.yaml`, then `flowrun runs resume`; "
    "what was acknowledged is kept"
)
READ_ONLY = ["it cannot be written: it is read-only", WRITABLE]


def tell(tale, folder):
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "tests.support.small_disk", tale, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_full_disk_stops_the_run_in_one_sentence_and_with_space_it_goes_on(tmp_path):
    told = tell("full", tmp_path)
    assert (told["first"], told["second"]) == (FULL, FULL)
    assert told["begun while full"] == 0, "nothing begins that could not be remembered"
    assert told["status"] == "completed"
    assert told["most"] == 1, "nothing was done twice"
    assert told["accounted for"] == STEPS, "nothing that was done is forgotten"
    assert told["unknown"] <= 1


def test_a_read_only_disk_is_read_and_not_written_and_when_it_is_writable_the_run_goes_on(tmp_path):
    told = tell("read_only", tmp_path)
    assert (told["parked"], told["listed"]) == ("parked", ["parked"])
    assert [told[one] for one in ("opened", "made", "answered")] == [READ_ONLY] * 3
    assert told["status"] == "completed"


def test_a_disk_without_space_for_an_empty_store_is_called_full(tmp_path):
    assert tell("too_small", tmp_path) == {"16": FULL, "40": FULL, "100": FULL}
