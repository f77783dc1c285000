# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import mounts, tenant_mount
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.guard import GUARDED
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import Mount, Place, plan
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mounts import Mounter

MOUNT = Mount("share", "v", "/srv/data", ("server1", "server2", "server3"), identity="tenant-a")


def test_the_line_of_fstab() -> None:
    assert MOUNT.line == (
        "server1:/v /srv/data glusterfs-tenant"
        " identity=tenant-a,_netdev,nofail,backup-volfile-servers=server2:server3 0 0"
    )


@pytest.mark.parametrize(
    "identity, options, message",
    [
        ("a*", (), "share: identity 'a\\*' is not a valid name"),
        ("", (), "identity '' is not a valid name"),
        (".", (), "identity '.' cannot be mounted with"),
        ("..", (), "identity '..' cannot be mounted with"),
        ("-o", (), "identity '-o' cannot be mounted with"),
        ("a", ("subdir-mount=/x",), "share: mount option 'subdir-mount=/x' is unknown together with identity"),
        ("a", ("xlator-option=x",), "is unknown"),
        ("a", ("ro=1",), "is unknown"),
        ("a", ("log-level",), "is unknown"),
        ("a", ("transport=rdma",), "is unknown"),
        ("a", ("identity=b",), "is unknown"),
        ("a", ("log-file=/a;b",), "has a character that cannot be used together with identity"),
    ],
)
def test_bad_values(identity: str, options: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Mount("share", "v", "/srv/data", ("s",), options, identity=identity).check()


# ---- the helper ----


@pytest.fixture
def helper(tmp_path: pathlib.Path) -> t.Callable[..., subprocess.CompletedProcess[str]]:
    """Runs it, with an identity and a client that only says how it was called. It is never told to mount."""
    files = tmp_path / "tenants" / "tenant-a" / "current"
    files.mkdir(parents=True)
    for name in ("glusterfs.key", "glusterfs.pem", "glusterfs.ca"):
        (files / name).touch()
    (tmp_path / "glusterfs").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "glusterfs").chmod(0o755)
    text = tenant_mount.TEXT.replace(tenant_mount.TENANTS, str(tmp_path / "tenants"))
    text = text.replace("PATH=", f"PATH={tmp_path}:", 1)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", text, "helper", *words], capture_output=True, text=True, check=False)

    return run


def test_every_option_that_the_module_takes_the_helper_takes(
    helper: t.Callable[..., subprocess.CompletedProcess[str]], tmp_path: pathlib.Path
) -> None:
    switches = (*tenant_mount._SWITCHES, *tenant_mount._KERNEL, *tenant_mount._NOTHING, "ro", "x-systemd.automount")
    values = [f"{name}=1" for name in (*tenant_mount._VALUES, *tenant_mount._OWN)]
    Mount("share", "v", "/srv/data", ("s",), (*switches, *values), identity="tenant-a").check()
    for option in (*switches, *values):
        done = helper("server1:/v", str(tmp_path), "-f", "-v", "-o", f"identity=tenant-a,{option}")
        assert done.returncode == 0 and done.stderr == "", done
        words = done.stdout.split()
        assert words[0] == "glusterfs" and words[-1] == str(tmp_path)
        name = option.partition("=")[0]
        assert option in tenant_mount._NOTHING or name.startswith("x-") or len(words) == 10, words
    assert helper("server1:/v", str(tmp_path), "-f", "-o", "identity=tenant-a,identify").returncode == 1


def test_servers_by_address(helper: t.Callable[..., subprocess.CompletedProcess[str]], tmp_path: pathlib.Path) -> None:
    servers = ("fd00::1", "server2", "[fe80::2%eth0]", "10.0.0.3")
    mount = Mount("share", "v", str(tmp_path), servers, identity="tenant-a").check()
    source, path, _kind, options = mount.line.split()[:4]
    assert (source, path) == ("fd00::1:/v", str(tmp_path))
    words = helper(source, path, "-f", "-v", "-o", options).stdout.split()
    asked = [word for word in words if word.startswith("--volfile-server=")]
    assert asked == [f"--volfile-server={server.strip('[]')}" for server in servers]
    for wrong in ("a;b", "[a;b]", "-a", "[fd00::1"):
        done = helper(source, path, "-f", "-o", f"identity=tenant-a,backup-volfile-servers={wrong}")
        assert done.returncode == 1 and "is not a host name or address" in done.stderr, done


def test_a_client_that_fails_is_told_in_one_sentence(
    helper: t.Callable[..., subprocess.CompletedProcess[str]], tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "m"
    path.mkdir()
    done = helper("server1:/v", f"{path}/", "-o", "identity=tenant-a")
    log = str(path).strip("/").replace("/", "-")
    assert (done.returncode, done.stdout) == (32, "")
    assert done.stderr == (
        f"mount.glusterfs-tenant: server1:/v could not be mounted on {path} with the identity 'tenant-a':"
        f" see /var/log/glusterfs/{log}.log for the reason.\n"
    )


# ---- observed and changed ----


def test_another_identity_is_a_change() -> None:
    place = Place("server2:/v", MOUNT.line, GUARDED, identity="tenant-b")
    assert [(change.what, change.before, change.after) for change in plan(MOUNT, place)] == [
        ("identity", "tenant-b", "tenant-a")
    ]
    own = Mount("share", "v", "/srv/data", ("server2",))
    assert [(change.what, change.after) for change in plan(own, place)] == [("identity", None), ("fstab", own.line)]
    assert plan(MOUNT, Place("server2:/v", MOUNT.line, GUARDED, identity="tenant-a")) == []
    # Mounted anew anyhow.
    assert [change.what for change in plan(MOUNT, Place(None, MOUNT.line, GUARDED))] == ["mounted"]
    dead = Place("server2:/v", MOUNT.line, GUARDED, alive=False, identity="tenant-b")
    assert [change.what for change in plan(MOUNT, dead)] == ["mounted"]


class Booted:
    """A machine that systemd runs, where nothing is mounted."""

    def __init__(self, path: pathlib.Path, answer: int = 0) -> None:
        self.calls: list[list[str]] = []
        self.answer = answer
        (path / "systemd").mkdir()
        (path / "mountinfo").write_text("22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n")
        self.path = path
        self.machine = Mounter(
            self.run_command,
            5.0,
            *(str(path / name) for name in ("fstab", "mountinfo", "locks", "helper", "systemd")),
        )

    def run_command(self, words: list[str], **_more: t.Any) -> tuple[int, str, str]:
        self.calls.append(words)
        return self.answer, "", "no bus" if self.answer else ""


def test_the_helper_is_kept_up_to_date(tmp_path: pathlib.Path) -> None:
    machine = Booted(tmp_path).machine
    helper = tmp_path / "helper"
    assert [change.before for change in machine.plan_helper()] == ["absent"]
    machine.install_helper()
    assert machine.plan_helper() == [] and helper.stat().st_mode & 0o7777 == 0o755
    for spoil in (lambda: helper.chmod(0o700), lambda: helper.write_text("old")):
        spoil()
        assert [change.before for change in machine.plan_helper()] == ["other"]
        machine.install_helper()
        assert machine.plan_helper() == []


def test_systemd_is_told_once_when_fstab_has_changed(tmp_path: pathlib.Path) -> None:
    lines = [f"server1:/{name} /srv/{name} glusterfs-tenant identity={name} 0 0\n" for name in ("a", "b")]
    (tmp_path / "fstab").write_text("".join(lines))
    booted = Booted(tmp_path)
    absent = [Mount(name, name, f"/srv/{name}", present=False) for name in ("a", "b")]
    assert len(mounts.reconcile(booted.machine, absent, check_mode=True)[0]) == 2 and booted.calls == []
    assert len(mounts.reconcile(booted.machine, absent, check_mode=False)[0]) == 2
    assert booted.calls == [["systemctl", "daemon-reload"]] and (tmp_path / "fstab").read_text() == ""
    mounts.reconcile(booted.machine, absent, check_mode=False)
    assert len(booted.calls) == 1
    (tmp_path / "fstab").write_text("".join(lines))
    booted.answer = 1
    with pytest.raises(Refused, match="systemd does not read .*fstab again: no bus"):
        mounts.reconcile(booted.machine, absent, check_mode=False)


def test_an_identity_that_is_not_here(tmp_path: pathlib.Path) -> None:
    with pytest.raises(NotFound, match="The identity 'a' is not on this machine"):
        tenant_mount.check_present("a", str(tmp_path))
    (tmp_path / "a" / "current").mkdir(parents=True)
    (tmp_path / "a" / "current" / "glusterfs.pem").touch()
    tenant_mount.check_present("a", str(tmp_path))
