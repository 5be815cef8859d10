"""Where a store may lie."""

from pathlib import Path

import pytest

from flowrun.errors import StorageError
from flowrun.storage.filesystem import is_at_rest, mount_type, read_mounts, refuse_remote

MOUNTS = r"""
overlay / overlay rw 0 0
proc /proc proc rw 0 0
server:/srv /srv nfs4 rw,vers=4.2 0 0
/dev/sda1 /srv/ann/local ext4 rw 0 0
//nas/share /mnt/my\040files cifs rw 0 0
/dev/sdb1 /var ext4 rw 0 0
server:/var /var nfs rw 0 0
odd
""".strip()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/projects/.flowrun/store.db", "overlay"),
        ("/srv/ann/project/store.db", "nfs4"),
        ("/srv/ann/local/store.db", "ext4"),
        ("/srv/ann/localised/store.db", "nfs4"),
        ("/mnt/my files/store.db", "cifs"),
        ("/var/store.db", "nfs"),
    ],
)
def test_a_path_lies_where_the_nearest_mount_is_and_the_last_one_there(path, expected):
    assert mount_type(Path(path), MOUNTS) == expected


def test_without_mounts_nothing_is_known():
    assert mount_type(Path("/a"), "") is None


def test_this_machine_s_own_disk_is_not_refused(tmp_path):
    refuse_remote(tmp_path / "store.db", read_mounts())


def test_a_store_that_may_be_written_is_not_at_rest(tmp_path):
    (tmp_path / "store.db").write_text("")
    assert not is_at_rest(tmp_path / "store.db")
    assert not is_at_rest(tmp_path / "nobody.db")


def test_a_disk_of_another_machine_is_refused_with_its_kind_and_a_way_out():
    with pytest.raises(StorageError, match=r"network file system \(nfs4\)") as refusal:
        refuse_remote(Path("/srv/ann/store.db"), MOUNTS)
    assert "store.path" in refusal.value.hint
