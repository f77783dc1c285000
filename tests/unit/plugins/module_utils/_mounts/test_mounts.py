# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import Mounted
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import mounts
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import DISCONNECTED, Mount, Place, plan
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mounts import GUARDED, Mounter

MOUNT = Mount("v", "v", "/srv/data", ("server1", "server2", "server3"))
THERE = Place("server2:/v", MOUNT.line, GUARDED)


def whats(mount: Mount, place: Place) -> list[tuple[str, t.Any]]:
    return [(change.what, change.after) for change in plan(mount, place)]


def test_the_line_of_fstab() -> None:
    assert MOUNT.line == (
        "server1:/v /srv/data glusterfs defaults,_netdev,nofail,backup-volfile-servers=server2:server3 0 0"
    )
    assert (
        Mount("v", "v", "/m", ("s",), ("log-level=WARNING",)).line
        == "s:/v /m glusterfs defaults,_netdev,nofail,log-level=WARNING 0 0"
    )


@pytest.mark.parametrize(
    "place, expected",
    [
        (THERE, []),
        (Place(None, None, None), ["directory", "fstab", "mounted"]),
        (Place(None, None, "empty"), ["directory", "fstab", "mounted"]),
        (Place(None, MOUNT.line, GUARDED), ["mounted"]),
        (Place("server2:/v", MOUNT.line, GUARDED, alive=False), ["mounted"]),
        (Place("server2:/v", "other:/v /srv/data glusterfs defaults 0 0", GUARDED), ["fstab"]),
        (Place("server2:/v", MOUNT.line, "empty"), ["directory"]),
    ],
)
def test_what_is_missing_is_done_in_order(place: Place, expected: list[str]) -> None:
    assert [what for what, _after in whats(MOUNT, place)] == expected


def test_local_files_are_not_hidden() -> None:
    with pytest.raises(Refused, match="/srv/data is not an empty directory"):
        plan(MOUNT, Place(None, None, "in use"))


def test_something_else_is_not_covered() -> None:
    with pytest.raises(Refused, match="something else mounted .ext4 /dev/sda1."):
        plan(MOUNT, Place(None, None, None, foreign="ext4 /dev/sda1"))
    with pytest.raises(Refused, match="something else mounted .server1:/w."):
        plan(MOUNT, Place("server1:/w", None, GUARDED, alive=False))


def test_a_share_on_a_volume_of_another_name() -> None:
    mount = Mount("share", "v", "/srv/data", ("server1", "server2"))
    assert mount.line.startswith("server1:/v /srv/data ")
    assert whats(mount, Place(None, mount.line, GUARDED)) == [("mounted", "share")]
    assert whats(mount, Place("server2:/v", mount.line, GUARDED)) == []
    with pytest.raises(Refused, match="something else mounted .server1:/share."):
        plan(mount, Place("server1:/share", mount.line, GUARDED))
    absent = Mount("share", "v", "/srv/data", present=False)
    assert [change.before for change in plan(absent, Place("server2:/v", mount.line, GUARDED))] == [
        "share",
        mount.line,
        GUARDED,
    ]


def test_a_volume_of_the_same_name_from_a_server_that_nobody_knows() -> None:
    absent = Mount("v", "v", "/srv/data", ("server4", "server5"), present=False)
    with pytest.raises(Refused, match="/srv/data has server2:/v, and none of the servers server4, server5"):
        plan(absent, THERE)
    with pytest.raises(Refused, match="/srv/data has server2:/v"):
        plan(absent, Place(None, "server2:/v /srv/data glusterfs defaults 0 0", GUARDED))
    assert whats(absent, Place("server5:/v", None, GUARDED)) == [("mounted", None), ("directory", None)]
    assert len(whats(absent._replace(aliases=("server2", "server1")), THERE)) == 3
    there = MOUNT._replace(servers=("server4",))
    with pytest.raises(Refused, match="something else mounted .server2:/v.: unmount it first, or name its server"):
        plan(there, THERE)
    assert whats(there._replace(aliases=("server2",)), THERE) == [("fstab", there.line)]


def test_an_export_of_the_same_name_is_something_else() -> None:
    nfs = Place(None, None, None, foreign="nfs4 server1:/v")
    with pytest.raises(Refused, match="something else mounted .nfs4 server1:/v."):
        plan(MOUNT, nfs)
    assert plan(Mount("v", "v", "/srv/data", present=False), nfs) == []


def test_absent_removes_only_the_share_itself() -> None:
    absent = Mount("v", "v", "/srv/data", present=False)
    assert whats(absent, THERE) == [("mounted", None), ("fstab", None), ("directory", None)]
    assert whats(absent, Place(None, None, None)) == []
    assert whats(absent, Place("server1:/w", "server1:/w /srv/data glusterfs defaults 0 0", GUARDED)) == []
    assert whats(absent, Place(None, "server1:/w /srv/data glusterfs defaults 0 0", GUARDED)) == []
    assert whats(absent, Place("server1:/w", None, GUARDED, alive=False)) == []
    assert whats(absent, Place(None, None, None, foreign="ext4 /dev/sda1")) == []
    assert plan(absent, Place("server2:/v", None, None, alive=False))[0].before == DISCONNECTED


@pytest.mark.parametrize(
    "mount, message",
    [
        (Mount("a/b", "v", "/m", ("s",)), "share 'a/b' is not a volume name"),
        (Mount("v", "a/b", "/m", ("s",)), "v: volume 'a/b' is not a volume name"),
        (Mount("v", "v", "m", ("s",)), "v: path 'm' is not an absolute path"),
        (Mount("v", "v", "/", ("s",)), "is not an absolute path"),
        (Mount("v", "v", "/a/../b", ("s",)), "is not an absolute path"),
        (Mount("v", "v", "/a b", ("s",)), "is not an absolute path"),
        (Mount("v", "v", "/a\n/b", ("s",)), "is not an absolute path"),
        (Mount("v", "v", "/a/", ("s",)), "is not an absolute path"),
        (Mount("v", "v", "/m"), "servers is empty"),
        (Mount("v", "v", "/m", ("s t",)), "server 's t' is not a host name"),
        (Mount("v", "v", "/m", ("-s",)), "is not a host name"),
        (Mount("v", "v", "/m", ("s",), ("a b",)), "mount option 'a b' is not of the form"),
        (Mount("v", "v", "/m", ("s",), ("rw,suid",)), "is not of the form"),
    ],
)
def test_bad_values(mount: Mount, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        mount.check()


def refuse_to_run(*_words: t.Any, **_more: t.Any) -> tuple[int, str, str]:
    raise AssertionError("no program is needed here")


FSTAB = "# comment  server1:/v /srv/data glusterfs\nUUID=1 / ext4 defaults 0 1\nserver1:/w /srv/w glusterfs rw 0 0"


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Mounter:
    (tmp_path / "fstab").write_text(FSTAB)
    (tmp_path / "mountinfo").write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "48 22 0:48 / /srv/w rw,relatime - fuse.glusterfs server1:/w rw,user_id=0\n"
        "49 22 0:49 / /srv/with\\040blank rw - tmpfs tmpfs rw\n"
    )
    return Mounter(
        refuse_to_run,
        5.0,
        str(tmp_path / "fstab"),
        str(tmp_path / "mountinfo"),
        str(tmp_path / "locks"),
    )


def test_fstab_keeps_what_is_not_ours(machine: Mounter, tmp_path: pathlib.Path) -> None:
    changes = plan(MOUNT, Place("server2:/v", None, GUARDED))
    assert list(machine.apply(MOUNT, changes)) == changes
    assert (tmp_path / "fstab").read_text() == FSTAB + "\n" + MOUNT.line + "\n"
    absent = Mount("v", "v", "/srv/data", present=False)
    list(machine.apply(absent, plan(absent, Place(None, MOUNT.line, None))))
    assert (tmp_path / "fstab").read_text() == FSTAB + "\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fstab", "locks", "mountinfo"]


def test_where_a_share_is_mounted(machine: Mounter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "addresses", lambda name: {"server1": ["10.0.0.1"], "other": ["10.0.0.1"]}[name])

    def paths(*mount: t.Any) -> list[str]:
        return [found.path for found in machine.everywhere(Mount(*mount, present=False))]

    assert paths("share", "w", "") == paths("share", "w", "", ("server2", "server1")) == ["/srv/w"]
    assert paths("share", "w", "", ("other",)) == ["/srv/w"]
    assert paths("share", "w", "", ("server2",)) == paths("w", "v", "") == []
    there = machine.mounts()["/srv/with blank"]
    assert there == Mounted("tmpfs", "tmpfs", (0, 49), frozenset({"rw"}))


def test_two_mounts_at_one_path(machine: Mounter, tmp_path: pathlib.Path) -> None:
    with pytest.raises(BadInput, match="path '/srv/data' stands more than once"):
        mounts.reconcile(machine, [MOUNT, Mount("w", "w", "/srv/data", ("s",))], check_mode=True)
    pathlib.Path(tmp_path, "link").symlink_to(tmp_path)
    paths = [f"{tmp_path}/m", f"{tmp_path}/link/m"]
    with pytest.raises(BadInput, match="stands more than once"):
        mounts.reconcile(machine, [MOUNT._replace(path=path) for path in paths], check_mode=True)
