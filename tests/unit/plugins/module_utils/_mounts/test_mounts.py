# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    OutcomeUnknown,
    Refused,
    TimedOut,
)
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import Mounted
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import fstab, mounts, places
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.asking import Answer
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.client import Client
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import DISCONNECTED, Mount, Place, plan
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mounts import GUARDED, Mounter
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

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


@pytest.mark.parametrize(
    "given, there, changes",
    [
        (("ro",), (), [("options", [], ["ro"])]),
        ((), ("ro",), [("options", ["ro"], [])]),
        (("acl", "x-a"), ("acl",), []),
        # Whose client nobody can see is not mounted anew for what nobody can see.
        (("acl",), None, []),
    ],
)
def test_options_are_what_the_mount_has(
    given: tuple[str, ...], there: tuple[str, ...] | None, changes: list[t.Any]
) -> None:
    mount = MOUNT._replace(options=given)
    place = Place("server2:/v", mount.line, GUARDED, traits=there)
    assert [(change.what, change.before, change.after) for change in plan(mount, place)] == changes
    # Mounted anew anyhow.
    dead = place._replace(alive=False)
    assert [change.what for change in plan(mount, dead)] == ["mounted"]


ABSENT = Mount("v", "v", "/srv/data", ("server1", "server2", "server3"), present=False)


@pytest.mark.parametrize(
    "mount, place, error, message",
    [
        (
            MOUNT,
            THERE._replace(trouble="a brick hangs"),
            TimedOut,
            "does not answer: a brick hangs. It was left as it is",
        ),
        (MOUNT, THERE._replace(trouble="no bricks", alive=False), TimedOut, "does not answer: no bricks"),
        (ABSENT, THERE._replace(trouble="a brick hangs"), TimedOut, "left mounted: 'umount -l /srv/data'"),
        (MOUNT, THERE._replace(directory="unknown: why"), Refused, "the directory underneath cannot be read .why."),
        (MOUNT, Place(None, None, "unknown: why"), Refused, "cannot be read .why."),
        (ABSENT, THERE._replace(directory="unknown: why"), Refused, "cannot be read .why."),
        (MOUNT, Place(None, None, "no directory"), Refused, "/srv/data is not a directory"),
        (
            MOUNT,
            THERE._replace(line="/dev/sdb /srv/data/ ext4 a 0 0"),
            Conflict,
            "another line in fstab .'/dev/sdb /srv",
        ),
        (MOUNT, THERE._replace(line="server1:/w /srv/data glusterfs a 0 0"), Conflict, "another line in fstab"),
        (MOUNT, THERE._replace(line="server1:/v /srv/data nfs4 a 0 0"), Conflict, "another line in fstab"),
        (MOUNT, THERE._replace(line=f"{MOUNT.line}\n/dev/sdb /srv/data ext4 a 0 0"), Conflict, "fstab .'/dev/sdb"),
        (MOUNT, Place("server1:/v/below", MOUNT.line, GUARDED), Refused, "something else mounted .server1:/v/below."),
        (ABSENT, THERE._replace(automount=True), Refused, "by an automount that is not in fstab"),
        (MOUNT, Place(None, MOUNT.line, None, foreign="autofs systemd-1", automount=True), Refused, "autofs systemd-1"),
    ],
)
def test_what_is_refused(mount: Mount, place: Place, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        plan(mount, place)


def test_one_share_in_all_its_spellings() -> None:
    for source in ("SERVER1:v", "server1.:/v", "a,server2:/v.tcp", "[server3]:/v/"):
        assert plan(MOUNT, THERE._replace(mounted=source)) == []
        assert whats(ABSENT, Place(source, None, None)) == [("mounted", None)]
    lines = (
        f"{MOUNT.line}\nSERVER1:v /srv//data/ fuse.glusterfs noauto,acl 0 0\nother:/v /srv/data glusterfs-tenant a 0 0"
    )
    assert whats(MOUNT, THERE._replace(line=lines)) == [("fstab", MOUNT.line)]
    # A directory of it is not all of it, but it is the volume that is used.
    assert whats(ABSENT, Place("server1:/v/below", None, None)) == [("mounted", None)]
    below = MOUNT._replace(options=("subdir-mount=/below",))
    assert whats(below, Place("server1:/v/below", below.line, GUARDED, traits=["subdir-mount=/below"])) == []


def test_an_automount_goes_with_its_line() -> None:
    line = MOUNT._replace(options=("noauto", "x-systemd.automount")).line
    gone = [("mounted", None), ("fstab", None)]
    assert whats(ABSENT, Place("server1:/v", line, None, automount=True)) == gone
    assert whats(ABSENT, Place(None, line, None, foreign="autofs systemd-1", automount=True)) == gone
    assert whats(ABSENT, Place(None, MOUNT.line, None, foreign="autofs a", automount=True)) == [("fstab", None)]


def test_other_lines_stay_when_it_goes() -> None:
    other = "/dev/sdb /srv/data ext4 noauto 0 0"
    assert whats(ABSENT, THERE._replace(line=f"{MOUNT.line}\n{other}")) == [("mounted", None), ("fstab", None)]
    assert plan(ABSENT, THERE._replace(line=f"{other}\n{MOUNT.line}"))[1].before == MOUNT.line
    assert whats(ABSENT, Place(None, other, GUARDED)) == []


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
        (Mount("v", "v", "/m", ("fd00::g",)), "is not a host name"),
        (Mount("v", "v", "/m", ("[fd00::1",)), "is not a host name"),
        (Mount("v", "v", "/m", ("[server1]",)), "is not a host name"),
        (Mount("v", "v", "/m", ("fe80::1%a b",)), "is not a host name"),
        (Mount("v", "v", "/m", ("s" * 64,)), "is longer than the 63 characters"),
        (Mount("v", "v", "/m", ("s",), ("a b",)), "mount option 'a b' is not of the form"),
        (Mount("v", "v", "/m", ("s",), ("rw,suid",)), "is not of the form"),
    ],
)
def test_bad_values(mount: Mount, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        mount.check()


def test_addresses_of_ipv6() -> None:
    mount = Mount("v", "v", "/m", ("[fd00::1]", "fd00::2", "server3", "fe80::1%eth0")).check()
    options = "defaults,_netdev,nofail,backup-volfile-servers=[fd00::2]:server3:[fe80::1%eth0]"
    assert mount.line == f"fd00::1:/v /m glusterfs {options} 0 0"
    assert plan(mount, Place("FD00::1:/v", mount.line, GUARDED)) == []


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
    monkeypatch.setattr(places, "addresses", lambda name: {"server1": ["10.0.0.1"], "other": ["10.0.0.1"]}[name])

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


# ---- on a machine ----


class There(Mounter):
    """A machine with one place, where what is done succeeds, or fails as it is told."""

    def __init__(self, path: pathlib.Path, place: Place) -> None:
        (path / "mountinfo").write_text("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
        (path / "fstab").write_text("")
        files = [str(path / name) for name in ("fstab", "mountinfo", "locks", "helper", "systemd")]
        super().__init__(refuse_to_run, 5.0, *files)
        self.there = place

    def places(self, paths: t.Sequence[str], lines: object = None) -> dict[str, Place]:
        return dict.fromkeys(paths, self.there)


def test_changes_of_a_failure_are_what_was_done(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_words: t.Any) -> None:
        raise Refused("no bricks")

    monkeypatch.setattr(mounts, "attach", fail)
    machine = There(tmp_path, Place(None, None, None))
    mount = MOUNT._replace(path=str(tmp_path / "point"))
    done: dict[str, list[str]] = {}
    for name, how in {"whole": mount.path, "halfway": f"{tmp_path}/other/point"}.items():
        if name == "halfway":
            # The directory is made, and its mode cannot be set.
            monkeypatch.setattr(os, "fchmod", fail_with(errno.EROFS))
        with pytest.raises(GlusterOpsError) as caught:
            mounts.reconcile(machine, [mount._replace(path=how)], check_mode=False)
        done[name] = [(change.what, change.after) for change in caught.value.details["changes"]]
    point = tmp_path / "point"
    subprocess.run(["chattr", "-i", str(point)], capture_output=True, check=False)
    assert done["whole"] == [("directory", GUARDED), ("fstab", mount.line)]
    assert done["halfway"] == [("directory", "empty")]
    assert str(caught.value) == f"The directory {tmp_path}/other/point could not be guarded: Read-only file system."


def fail_with(code: int) -> t.Callable[..., t.NoReturn]:
    def act(*_words: t.Any) -> t.NoReturn:
        raise OSError(code, os.strerror(code))

    return act


def test_what_was_unmounted_and_not_mounted_again_is_told(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_words: t.Any) -> None:
        raise Refused("no bricks")

    monkeypatch.setattr(mounts, "attach", fail)
    for place, before in (
        (THERE._replace(identity="other"), "v"),
        (THERE._replace(traits=["acl"]), "v"),
        (THERE._replace(alive=False), DISCONNECTED),
    ):
        with pytest.raises(Refused) as caught:
            mounts.reconcile(There(tmp_path, place), [MOUNT], check_mode=False)
        assert caught.value.details["changes"] == [Change("/srv/data", "mounted", before, None)]


def test_what_is_not_reached_is_no_success(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "attach", lambda *_words: None)
    machine = There(tmp_path, Place(None, MOUNT.line, GUARDED))
    with pytest.raises(OutcomeUnknown, match="/srv/data is not as it shall be after all was done: mounted is None"):
        mounts.reconcile(machine, [MOUNT], check_mode=False)


def test_errors_of_files_are_sentences(tmp_path: pathlib.Path) -> None:
    machine = There(tmp_path, Place(None, None, GUARDED))
    (tmp_path / "fstab").unlink()
    (tmp_path / "fstab").mkdir()
    with pytest.raises(Refused, match="fstab: Is a directory"):
        mounts.reconcile(machine, [MOUNT], check_mode=False)
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="file/fstab could not be written: Not a directory"):
        fstab.write(str(tmp_path / "file" / "fstab"), [])
    (tmp_path / "link").symlink_to("target")
    fstab.write(str(tmp_path / "link"), ["a\n"], 0o640)
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").stat().st_mode & 0o777 == 0o640
    fstab.write(str(tmp_path / "link"), ["b\n"])
    assert (tmp_path / "target").stat().st_mode & 0o777 == 0o640 and (tmp_path / "target").read_text() == "b\n"


def test_paths_lead_through_links(tmp_path: pathlib.Path, machine: Mounter) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "up").symlink_to("real/../real")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "blank").symlink_to(f"{tmp_path}/with blank")
    found = machine.resolved([MOUNT._replace(path=f"{tmp_path}/{name}/m") for name in ("real", "link", "up")])
    assert {mount.path for mount in found} == {f"{tmp_path}/real/m"}
    assert [mount.asked for mount in found] == ["", f"{tmp_path}/link/m", f"{tmp_path}/up/m"]
    assert found[1].where == f"{tmp_path}/link/m (that is {tmp_path}/real/m)"
    for name, message in (
        ("circle", "links in a circle"),
        ("blank", "leads to '.*/with blank/m', which is not an abs"),
    ):
        with pytest.raises(BadInput, match=message):
            machine.resolved([MOUNT._replace(path=f"{tmp_path}/{name}/m")])
    # What something is mounted on is no link, and is not asked, as it may not answer.
    assert places.follow(f"{tmp_path}/link/m", {f"{tmp_path}/link"}) == f"{tmp_path}/link/m"


def test_lines_of_fstab_by_what_they_mean(tmp_path: pathlib.Path, machine: Mounter) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    spelled = [f"{tmp_path}/link", f"{tmp_path}//real/", f"{tmp_path}/re\\141l", f"/{tmp_path}/real"]
    lines = [f"/dev/sd{number} {path} ext4 noauto 0 0" for number, path in enumerate(spelled)]
    others = ["# a comment", "UUID=1 none swap sw 0 0", f"/dev/sdz {tmp_path}/other\\040one xfs noauto 0 0"]
    (tmp_path / "fstab").write_text("\n".join([*lines, *others]) + "\n")
    found = {path: [line.text for line in there] for path, there in machine._lines().items()}
    assert found == {f"{tmp_path}/real": lines, f"{tmp_path}/other one": others[2:]}


def test_other_names_of_the_servers(machine: Mounter, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"server1": ["10.0.0.1"], "alias": ["10.0.0.1", "10.0.0.2"], "10.0.0.1": ["10.0.0.1"], "far": ["10.9.9.9"]}
    client = Client(7, "/srv/data", "v", (), 1)
    monkeypatch.setattr(places, "addresses", lambda name: known[name])
    monkeypatch.setattr(places, "clients", lambda: [client])
    talks: set[str] = set()
    monkeypatch.setattr(places, "peers", lambda pid: talks)
    mount = MOUNT._replace(servers=("server1",))

    def aliases(source: str, line: str | None = None) -> tuple[str, ...]:
        return machine.known(mount, Place(source, line, GUARDED)).aliases

    assert aliases("server1:/v") == aliases("far:/w") == aliases("far:/v") == aliases("nobody:/v") == ()
    assert aliases("alias:/v") == ("alias",) and aliases("10.0.0.1:/v") == ("10.0.0.1",)
    talks.add("10.0.0.1")
    assert aliases("far:/v") == ("far",) and aliases("nobody:/v") == ("nobody",)
    # The client that is there says nothing of a line.
    assert aliases("server1:/v", "far:/v /srv/data glusterfs a 0 0") == ()


def test_a_client_that_is_of_no_use_is_replaced_only_by_one_that_is(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = THERE._replace(alive=False, trouble="no bricks")
    machine = There(tmp_path, cut)
    tried: list[list[str]] = []
    answers = {"space /srv/data": Answer(errno=errno.ENOTCONN, failure="no"), "root /srv/data": Answer()}
    monkeypatch.setattr(mounts, "attach", lambda mount, words, *_more: tried.append(words))
    monkeypatch.setattr(mounts, "run", lambda *_words: (0, "", ""))
    monkeypatch.setattr(mounts, "ask", lambda *_words: answers)
    assert machine.proven(MOUNT, cut) == THERE._replace(alive=False)
    options = MOUNT.line.split()[3]
    assert tried == [["-t", "glusterfs", "-o", options, "server1:/v", str(tmp_path / "locks" / "v.try")]]
    # It came back meanwhile.
    answers["space /srv/data"] = Answer(4096)
    assert machine.proven(MOUNT, cut) == THERE
    # Who is slow is not cut off, and who is to go needs no proof.
    slow = THERE._replace(trouble="a brick hangs")
    assert machine.proven(MOUNT, slow) == slow and machine.proven(ABSENT, cut) == cut and len(tried) == 2

    def fail(*_words: t.Any) -> None:
        raise Refused("Share could not be mounted: bricks do not run.", reason="bricks do not run")

    monkeypatch.setattr(mounts, "attach", fail)
    assert machine.proven(MOUNT, cut).trouble == "no bricks; a new one fails, too: bricks do not run"


def test_what_is_taken_off_with_a_share(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    share, automount = "fuse.glusterfs server1:/v", "autofs systemd-1"
    calls: list[list[str]] = []

    def umount(words: list[str], _patience: float) -> tuple[int, str, str]:
        calls.append(words[1:-1])
        lines = (tmp_path / "mountinfo").read_text().splitlines(keepends=True)
        (tmp_path / "mountinfo").write_text("".join(lines[:-1]))
        return 0, "", ""

    monkeypatch.setattr(mounts, "run", umount)
    machine = There(tmp_path, THERE)

    def left(*kinds: str, once: bool = False) -> int:
        calls.clear()
        stack = [f"{at + 23} {at + 22} 0:{at} / /srv/data rw - {kind} rw\n" for at, kind in enumerate(kinds)]
        (tmp_path / "mountinfo").write_text(root + "".join(stack))
        machine._unmount(ABSENT, False, once)
        return len((tmp_path / "mountinfo").read_text().splitlines()) - 1

    assert left(share) == 0 and calls == [[]]
    assert left(share, share) == 0 and left(share, share, once=True) == 1
    assert left(automount, share) == 0 and calls == [[], ["-l"]]
    # What was there before stays, even an export of the same name.
    assert left("nfs4 server1:/v", share) == 1 and left("fuse.glusterfs server1:/w", share) == 1 and left() == 0


@pytest.mark.parametrize("disconnected, options", [(False, []), (True, ["-l"])])
def test_what_cannot_be_unmounted_stays(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, disconnected: bool, options: list[str]
) -> None:
    machine = There(tmp_path, THERE)
    (tmp_path / "mountinfo").write_text(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:1 / /srv/data rw - fuse.glusterfs server1:/v rw\n"
    )
    calls: list[list[str]] = []
    for rc, error, message in (
        (32, Refused, "could not be unmounted: umount: target is busy. Stop what uses it"),
        (None, TimedOut, "/srv/data was not unmounted within 5 seconds"),
    ):
        said = (rc, "", "umount: target is busy.")
        monkeypatch.setattr(mounts, "run", lambda words, _patience, said=said: calls.append(words) or said)
        with pytest.raises(error, match=message) as caught:
            mounts.reconcile(machine, [ABSENT._replace(path="/srv/data")], check_mode=False)
        assert caught.value.details["changes"] == []
    assert calls == [["umount", "/srv/data"]] * 2
    with pytest.raises(TimedOut):
        machine._unmount(ABSENT, disconnected)
    assert calls[-1] == ["umount", *options, "/srv/data"]
