# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import json
import os
import pathlib
import time
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.mounts_settled import mounts_settled
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._machines.looked import KEPT
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import (
    guard,
    mount,
    mounts,
    places,
    tenant_mount,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.client import Client
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import KIND, Mount, Place
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mounts import GUARDED, Mounter

SERVERS = ["server1", "server2", "server3"]
LINE = Mount("v", "v", "/srv/data", tuple(SERVERS)).line
TENANTS_LINE = Mount("v", "v", "/srv/data", tuple(SERVERS), identity="tenant-a").line
OPTIONS_LINE = Mount("v", "v", "/srv/data", tuple(SERVERS), ("log-level=WARNING",)).line
OTHERS_LINE = "server1:/w /srv/data glusterfs defaults 0 0"


def program(*_words: t.Any, **_more: t.Any) -> tuple[int, str, str]:
    raise AssertionError("no program is needed where nothing has to be done")


class Here(Mounter):
    """A machine with these places, and no other that matters. tenants: those whose identities it has."""

    def __init__(self, path: pathlib.Path, places: t.Mapping[str, Place], helper: bool = True) -> None:
        self.there = places
        path.mkdir()
        lines = [place.line for place in places.values() if place.line]
        (path / "fstab").write_text("".join(f"{line}\n" for line in ["UUID=1 / ext4 defaults 0 1", *lines]))
        mounted = ["22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw"]
        for point, place in places.items():
            what = f"{KIND} {place.mounted}" if place.mounted else place.foreign
            mounted += [f"48 22 0:48 / {point} rw,relatime - {what} rw"] if what else []
        (path / "mountinfo").write_text("".join(f"{line}\n" for line in mounted))
        files = [str(path / name) for name in ("fstab", "mountinfo", "locks", "helper", "systemd")]
        super().__init__(program, 5.0, *files)
        if helper:
            self.install_helper()

    def places(self, paths: t.Sequence[str], lines: object = None) -> dict[str, Place]:
        return {path: self.there.get(path, Place(None, None, None)) for path in paths}

    def known(self, mount: Mount, place: Place) -> Mount:
        """Nobody knows other names of the servers."""
        return mount


def does_nothing(machine: Mounter, entries: list[dict[str, t.Any]]) -> bool:
    """Whether gluster_mounts would neither change anything nor complain."""
    try:
        wanted = mount.read_wanted(entries, machine.everywhere)
        if mounts.reconcile(machine, wanted, check_mode=True)[0]:
            return False
        return not mounts.reconcile(machine, wanted, check_mode=False)[0]
    except GlusterOpsError:
        return False


@pytest.fixture
def tenants(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has the identity of tenant-a, and began to make that of tenant-b."""
    for name in ("tenant-a/current", "tenant-b/pending"):
        (tmp_path / "tenants" / name).mkdir(parents=True)
    (tmp_path / "tenants" / "tenant-a" / "current" / "glusterfs.pem").touch()
    for function in (tenant_mount.present, tenant_mount.check_present):
        monkeypatch.setattr(function, "__defaults__", (str(tmp_path / "tenants"),))


def looked(machine: Mounter) -> dict[str, t.Any]:
    """What the machine tells, as it arrives."""
    return json.loads(json.dumps(machine.look()))


def entry(**values: t.Any) -> dict[str, t.Any]:
    """As the role gives it."""
    common = {"volume": "v", "path": "/srv/data", "servers": SERVERS, "options": [], "identity": None}
    return {"share": "v", **common, "state": "mounted", **values}


PLACES = {
    "there": Place("server2:/v", LINE, GUARDED),
    "nothing": Place(None, None, None),
    "an empty directory": Place(None, None, "empty"),
    "a guarded directory": Place(None, None, GUARDED),
    "files": Place(None, None, "in use"),
    "not mounted": Place(None, LINE, GUARDED),
    "not mounted, not guarded": Place(None, LINE, None),
    "dead": Place("server2:/v", LINE, GUARDED, alive=False),
    "silent": Place("server2:/v", LINE, GUARDED, trouble="nothing was heard"),
    "cut off": Place("server2:/v", LINE, GUARDED, alive=False, trouble="no bricks"),
    "with other options": Place("server2:/v", LINE, GUARDED, traits=["ro"]),
    "with options": Place("server2:/v", OPTIONS_LINE, GUARDED, traits=["log-level=WARNING"]),
    "by a client that nobody sees": Place("server2:/v", LINE, GUARDED, traits=None),
    "two lines": Place("server2:/v", f"{LINE}\n/dev/sdb /srv/data ext4 noauto 0 0", GUARDED),
    "below a mount": Place("server2:/v", LINE, "unknown: it is hidden"),
    "an automount that fails": Place(None, LINE, None, foreign="autofs systemd-1", automount=True),
    "another line": Place("server2:/v", OTHERS_LINE, GUARDED),
    "no line": Place("server2:/v", None, GUARDED),
    "not guarded": Place("server2:/v", LINE, "empty"),
    "mounted over files": Place("server2:/v", LINE, "in use"),
    "by its servers' older name": Place("server2:v", LINE, GUARDED),
    "another volume": Place("server1:/w", OTHERS_LINE, GUARDED),
    "another volume's line": Place(None, OTHERS_LINE, GUARDED),
    "another volume's line, not guarded": Place(None, OTHERS_LINE, "empty"),
    "another file system": Place(None, None, None, foreign="ext4 /dev/sda1"),
    "another file system over it": Place(None, LINE, None, foreign="nfs4 server1:/v"),
    "as the tenant": Place("server2:/v", TENANTS_LINE, GUARDED, identity="tenant-a"),
    "as another tenant": Place("server2:/v", TENANTS_LINE, GUARDED, identity="tenant-b"),
    "as a tenant who is not here any more": Place(
        "server2:/v", TENANTS_LINE.replace("tenant-a", "tenant-b"), GUARDED, identity="tenant-b"
    ),
    "as the machine itself": Place("server2:/v", TENANTS_LINE, GUARDED),
}


def is_v(place: t.Mapping[str, t.Any]) -> bool:
    """Whether a volume of this name is mounted there, or would be at boot."""
    return any(mount.read_source(source).volume == "v" for source in mount.sources_at(Place(**place)))


AS_TENANT, NOT_AS_TENANT = entry(identity="tenant-a"), entry(identity="tenant-b")
GONE, ELSEWHERE = entry(state="absent"), entry(state="absent", servers=["server4"])
ENTRIES: dict[str, list[dict[str, t.Any]]] = {
    "none": [],
    "the mount": [entry()],
    "by the module's defaults": [{"share": "v", "path": "/srv/data", "servers": SERVERS}],
    "with the other servers first": [entry(servers=SERVERS[::-1])],
    "with options": [entry(options=["log-level=WARNING"])],
    "a share of another name": [entry(share="share")],
    "another volume": [entry(volume="w")],
    "another path": [entry(path="/srv/other")],
    "as the tenant": [AS_TENANT],
    "as a tenant who is not here": [NOT_AS_TENANT],
    "gone": [GONE],
    "gone, whoever has it": [{"share": "v", "path": "/srv/data", "state": "absent"}],
    "gone, of other servers": [ELSEWHERE],
    "gone, of another volume": [entry(volume="w", state="absent")],
    "gone, as a tenant who is not here": [entry(identity="tenant-b", state="absent")],
    "gone from another path": [entry(path="/srv/other", state="absent")],
    "gone everywhere": [entry(path=None, state="absent")],
    "gone everywhere, of other servers": [entry(path="", state="absent", servers=["server4"])],
    "the mount, and another gone everywhere": [entry(), entry(volume="x", path=None, state="absent")],
    "twice": [entry(), entry()],
    "there and gone": [GONE, entry()],
    "no path": [entry(path=None)],
    "no servers": [entry(servers=[])],
    "a bad volume": [entry(volume="a/b")],
    "a bad path": [entry(path="/srv/a b")],
    "a bad server": [entry(servers=["server1", "a b"])],
    "a bad option": [entry(options=["a b"])],
    "an option that no tenant has": [entry(identity="tenant-a", options=["xlator-option=x"])],
    "gone, with a bad option": [entry(state="absent", options=["a b"])],
}


def settled_by(entries: list[dict[str, t.Any]], mounts: t.Any, age: float = 1.0) -> bool:
    """What the filter makes of what was told so many seconds ago."""
    return mounts_settled(entries, {"looked": time.time() - age, "mounts": mounts, "changed": False})


@pytest.mark.usefixtures("tenants")
@pytest.mark.parametrize("helper", [True, False])
@pytest.mark.parametrize("name", PLACES)
def test_what_is_settled_the_module_would_leave_alone(tmp_path: pathlib.Path, name: str, helper: bool) -> None:
    machine = Here(tmp_path / "machine", {"/srv/data": PLACES[name]}, helper)
    told = looked(machine)
    for what, entries in ENTRIES.items():
        # Nobody has looked at paths where no volume is.
        blind = any(one["path"] not in told["places"] for one in entries if one.get("path"))
        # Nor is it known here whether another server is one of these by another name.
        blind |= what == "gone everywhere, of other servers" and any(map(is_v, told["places"].values()))
        nothing = does_nothing(machine, entries)
        assert settled_by(entries, told) == (nothing and not blind), what


@pytest.mark.usefixtures("tenants")
@pytest.mark.parametrize(
    "place, what, settled",
    [
        ("there", "the mount", True),
        ("by its servers' older name", "by the module's defaults", True),
        ("as the tenant", "as the tenant", True),
        ("there", "gone, of other servers", False),
        ("there", "gone everywhere, of other servers", False),
        ("another volume", "gone everywhere, of other servers", True),
        ("silent", "the mount", False),
        ("with other options", "the mount", False),
        ("with options", "with options", True),
        ("with options", "the mount", False),
        ("two lines", "the mount", False),
        ("there", "the mount, and another gone everywhere", True),
        ("nothing", "gone everywhere", True),
        ("another volume", "gone", True),
        ("dead", "the mount", False),
        ("as another tenant", "as the tenant", False),
        ("as a tenant who is not here any more", "as a tenant who is not here", False),
        ("nothing", "gone", False),
    ],
)
def test_what_is_settled(tmp_path: pathlib.Path, place: str, what: str, settled: bool) -> None:
    told = looked(Here(tmp_path / "machine", {"/srv/data": PLACES[place]}))
    assert settled_by(ENTRIES[what], told) == settled
    # As long as it is known.
    for nothing in ({}, None):
        assert not mounts_settled(ENTRIES[what], nothing) and not settled_by(ENTRIES[what], nothing)
    assert not settled_by(ENTRIES[what], told, KEPT + 1) and not mounts_settled(ENTRIES[what], {"mounts": told})


@pytest.mark.usefixtures("tenants")
def test_a_share_at_several_places(tmp_path: pathlib.Path) -> None:
    other = Mount("v", "v", "/srv/more", tuple(SERVERS))
    places = {"/srv/data": PLACES["there"], "/srv/more": Place("server1:/v", other.line, GUARDED)}
    both = [entry(), entry(path="/srv/more")]
    assert settled_by(both, looked(Here(tmp_path / "both", places)))
    places["/srv/more"] = Place(None, other.line, GUARDED)
    machine = Here(tmp_path / "one", places)
    assert not settled_by(both, looked(machine)) and settled_by(both[:1], looked(machine))
    gone = [entry(), entry(path="/srv/more", state="absent")]
    assert not settled_by(gone, looked(machine)) and not does_nothing(machine, gone)


@pytest.mark.parametrize("state", ["umounted", "present", ""])
def test_a_state_that_is_none_is_for_the_module_to_refuse(tmp_path: pathlib.Path, state: str) -> None:
    told = looked(Here(tmp_path / "machine", {"/srv/data": PLACES["another volume"]}))
    assert settled_by([entry(state="absent")], told)
    assert not settled_by([entry(state=state)], told)
    assert not settled_by([entry(state=state, path=None)], told)


@pytest.mark.usefixtures("tenants")
def test_a_machine_tells_of_all_places_with_volumes(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing is mounted here, so what is underneath is what is there.
    monkeypatch.setattr(guard, "underneath", lambda action, path: action(path))
    client = Client(7, f"{tmp_path}/files", "d", ("--acl", "--volfile-id=/d"), 1)
    monkeypatch.setattr(places, "clients", lambda: [client])
    for name in ("files", "empty", "dead"):
        (tmp_path / name).mkdir()
    (tmp_path / "files" / "file").touch()
    statvfs = os.statvfs

    def asked(path: str) -> t.Any:
        if path.endswith("dead"):
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        return statvfs(path)

    monkeypatch.setattr(os, "statvfs", asked)
    lines = [
        f"server1:/a {tmp_path}/empty/ glusterfs defaults 0 0",
        f"server1:/b {tmp_path}/missing glusterfs-tenant identity=tenant-a 0 0",
        f"server1:/c {tmp_path}/over glusterfs defaults 0 0",
        f"/dev/sdb {tmp_path}/empty ext4 noauto 0 0",
    ]
    (tmp_path / "fstab").write_text("# comment\nUUID=1 / ext4 defaults 0 1\n" + "\n".join(lines) + "\n")
    (tmp_path / "mountinfo").write_text(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"48 22 0:48 / {tmp_path}/empty rw,relatime - fuse.glusterfs server2:/a rw\n"
        f"49 22 0:49 / {tmp_path}/files ro,relatime - fuse.glusterfs server2:/d rw\n"
        f"50 22 0:50 / {tmp_path}/dead rw,relatime - fuse.glusterfs server2:/e rw\n"
        f"51 22 0:51 / {tmp_path}/over rw - nfs4 server1:/c rw\n"
        f"52 22 0:52 / {tmp_path}/else rw - tmpfs tmpfs rw\n"
        f"53 22 0:53 / {tmp_path}/above/hidden rw - fuse.glusterfs server2:/f rw\n"
        f"54 22 0:54 / {tmp_path}/above rw - tmpfs tmpfs rw\n"
    )
    files = [str(tmp_path / name) for name in ("fstab", "mountinfo", "locks", "helper", "systemd")]
    machine = Mounter(program, 5.0, *files)
    told = looked(machine)
    hidden = "unknown: what is mounted there is hidden by a mount on a directory above"
    expected = {
        f"{tmp_path}/empty": Place("server2:/a", f"{lines[0]}\n{lines[3]}", "empty", traits=None),
        f"{tmp_path}/missing": Place(None, lines[1], None),
        f"{tmp_path}/over": Place(None, lines[2], None, foreign="nfs4 server1:/c"),
        f"{tmp_path}/files": Place("server2:/d", None, "in use", traits=["acl", "ro"]),
        f"{tmp_path}/dead": Place("server2:/e", None, "empty", alive=False, traits=None),
        f"{tmp_path}/above/hidden": Place("server2:/f", None, hidden),
    }
    assert told["places"] == json.loads(json.dumps({path: place._asdict() for path, place in expected.items()}))
    assert (told["helper"], told["tenants"]) == (False, ["tenant-a"])
    machine.install_helper()
    assert looked(machine)["helper"] is True
