"""The owner's lock: one holder, named to others, free when the holder is gone however it went."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flowrun.errors import StorageError, StoreLocked
from flowrun.storage.lock import OwnerLock, lock_holder
from tests.support.repository import ROOT

HOLD = """
import sys, pathlib
from flowrun.storage.lock import OwnerLock
lock = OwnerLock.acquire(pathlib.Path(sys.argv[1]), "another `flowrun`")
{then}
print("here", flush=True)
sys.stdin.read()
"""

FORK = """
import os, time
heard, told = os.pipe()
if os.fork() == 0:  # what a tool may do: it lives on when its parent is killed
    print(os.getpid(), flush=True)
    os.write(told, b".")
    time.sleep(60)
    os._exit(0)
os.read(heard, 1)
"""


def holding(store, then=""):
    """Start a process that holds the store's lock."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD.format(then=then), str(store)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def lock_file(store):
    return store.with_name(store.name + ".lock")


def open_files():
    """Return the names of the files this process has open."""
    return [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]


def test_one_holds_it_and_others_are_told_who(tmp_path):
    store = tmp_path / "store.db"
    lock = OwnerLock.acquire(store, "`flowrun execute` (process 7)")
    with pytest.raises(StoreLocked, match=r"in use by `flowrun execute` \(process 7\)"):
        OwnerLock.acquire(store, "second")
    assert lock_holder(store) == "`flowrun execute` (process 7)"
    lock.release()
    lock.release()
    assert lock_holder(store) is None
    OwnerLock.acquire(store, "second").release()


def test_a_refused_second_does_not_change_what_the_file_says(tmp_path):
    store = tmp_path / "store.db"
    lock = OwnerLock.acquire(store, "first, whose name is the longer one")
    with pytest.raises(StoreLocked):
        OwnerLock.acquire(store, "second")
    assert lock_holder(store) == "first, whose name is the longer one"
    lock.release()
    lock = OwnerLock.acquire(store, "third")
    assert lock_holder(store) == "third"
    lock.release()


@pytest.mark.parametrize(
    ("written", "said"),
    [(b"", "another process"), (b"\xff\xfe here", "�� here"), ("Zoë".encode(), "Zoë")],
)
def test_whatever_the_file_says_a_holder_is_named(tmp_path, written, said):
    store = tmp_path / "store.db"
    lock = OwnerLock.acquire(store, "first")
    lock_file(store).write_bytes(written)
    assert lock_holder(store) == said
    with pytest.raises(StoreLocked) as refusal:
        OwnerLock.acquire(store, "second")
    assert refusal.value.holder == said
    lock.release()


def test_a_store_nobody_ever_owned_has_no_holder(tmp_path):
    assert lock_holder(tmp_path / "store.db") is None


def test_a_bystanders_look_does_not_keep_an_owner_out(tmp_path):
    store = tmp_path / "store.db"
    OwnerLock.acquire(store, "first").release()
    with lock_file(store).open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        fcntl.flock(looking, fcntl.LOCK_UN)
        OwnerLock.acquire(store, "second").release()


def test_kill_9_frees_it(tmp_path):
    store = tmp_path / "store.db"
    with holding(store) as other:
        assert other.stdout.readline() == "here\n"
        assert lock_holder(store) == "another `flowrun`"
        other.kill()
        other.wait()
    assert lock_holder(store) is None
    OwnerLock.acquire(store, "next").release()


def test_a_forked_child_does_not_hold_it_after_its_parent_is_killed(tmp_path):
    store = tmp_path / "store.db"
    with holding(store, FORK) as other:
        child = int(other.stdout.readline())
        try:
            assert other.stdout.readline() == "here\n"
            assert lock_holder(store) == "another `flowrun`", "the parent's is not given up"
            other.kill()
            other.wait()
            assert lock_holder(store) is None
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_program_that_is_started_does_not_inherit_it(tmp_path):
    store = tmp_path / "store.db"
    lock = OwnerLock.acquire(store, "first")
    with subprocess.Popen(["sleep", "60"], close_fds=False) as other:
        lock.release()
        assert lock_holder(store) is None
        other.kill()


def test_a_lock_file_that_cannot_be_opened_is_an_error_of_the_store(tmp_path):
    lock_file(tmp_path / "store.db").mkdir()
    with pytest.raises(StorageError, match="directory") as refusal:
        OwnerLock.acquire(tmp_path / "store.db", "first")
    assert not isinstance(refusal.value, StoreLocked)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_disk_without_room_for_the_holders_name_is_an_error_of_the_store(tmp_path):
    lock_file(tmp_path / "store.db").symlink_to("/dev/full")
    with pytest.raises(StorageError):
        OwnerLock.acquire(tmp_path / "store.db", "first")
    assert "/dev/full" not in open_files()
