# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands the stand-in runs on nodes, and how it reads their answers."""

from __future__ import annotations

import stat
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from heketi.config import Config, ConfigError, Fault, parse
from heketi.executor import (
    GLUSTER,
    Brick,
    CommandError,
    SshExecutor,
    VolumeGone,
    VolumeSpec,
    add_brick_commands,
    read_volume_info,
    volume_create_commands,
)
from heketi.mock import MockExecutor

CONFIG = Config("a", "u", executor="ssh", ssh_keyfile="/etc/heketi/key", ssh_port=2222)


def bricks(count: int) -> list[Brick]:
    return [Brick(f"n{at}", f"s{at}", "d", str(at), f"/m/{at}") for at in range(count)]


def spec(kind: str, set_size: int, count: int, **more: t.Any) -> VolumeSpec:
    return VolumeSpec("v", kind, set_size, bricks(count), **more)


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (spec("none", 1, 1), "s0:/m/0"),
        (spec("replicate", 2, 2), "replica 2 s0:/m/0 s1:/m/1"),
        (spec("replicate", 3, 3, arbiter=True), "replica 3 arbiter 1 s0:/m/0 s1:/m/1 s2:/m/2"),
        (spec("disperse", 3, 3, data=2, redundancy=1), "disperse-data 2 redundancy 1 s0:/m/0 s1:/m/1 s2:/m/2"),
    ],
)
def test_volume_create(volume: VolumeSpec, words: str) -> None:
    create, start = volume_create_commands(volume)
    assert create == f"{GLUSTER} volume create v {words} force"
    assert start == f"{GLUSTER} volume start v"


def test_first_set_first_then_the_others_then_options_unquoted_then_start() -> None:
    volume = spec("none", 1, 17, options=["", "auth.ssl-allow a,b", "x;y", "", "user.heketi.id 7"])
    commands = [command[len(GLUSTER) + 8 :] for command in volume_create_commands(volume)]
    assert [command.split()[0] for command in commands] == [
        "create",
        "add-brick",
        "add-brick",
        "set",
        "set",
        "set",
        "start",
    ]
    assert commands[1].count(":") == 15  # Heketi's most for one command
    assert commands[3:6] == ["set v auth.ssl-allow a,b", "set v x;y", "set v user.heketi.id 7"]
    assert [command.count(":") for command in add_brick_commands(spec("disperse", 6, 12))] == [6, 6]


def test_ssh_goes_through_one_connection() -> None:
    argv = SshExecutor(CONFIG).argv("server1", "gluster volume set v x;y")
    assert argv[0] == "ssh"
    assert argv[-2:] == ["root@server1", "gluster volume set v x;y"]
    assert tuple(argv[argv.index("-i") :][:2]) == ("-i", "/etc/heketi/key")
    assert "ControlMaster=auto" in argv


@pytest.fixture
def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SshExecutor:
    """An ssh that runs the command here."""
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\nfor command; do :; done\nexec sh -c "$command"\n')
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return SshExecutor(CONFIG)


def test_errors_are_what_the_command_wrote(fake_ssh: SshExecutor) -> None:
    assert fake_ssh.run("n", "echo fine") == "fine\n"
    with pytest.raises(CommandError, match="^no good$"):
        fake_ssh.run("n", "echo noise; echo no good >&2; false")
    with pytest.raises(CommandError, match="^only this$"):
        fake_ssh.run("n", "echo only this; false")
    with pytest.raises(CommandError, match="^Timeout"):
        fake_ssh.run("n", "sleep 5", timeout=0.2)


def test_a_directory_is_a_device_once(fake_ssh: SshExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heketi.executor.MOUNTS", str(tmp_path / "mounts"))
    device = tmp_path / "disk"
    with pytest.raises(CommandError, match=r"^Initializing device .* not found\.$"):
        fake_ssh.device_setup("n", str(device), "d1", False)
    device.mkdir()
    assert fake_ssh.device_setup("n", str(device), "d1", False).total > 0
    with pytest.raises(CommandError, match=r"already in volume group vg_d1\.$"):
        fake_ssh.device_setup("n", str(device), "d2", False)
    fake_ssh.device_setup("n", str(device), "d2", True)
    fake_ssh.device_teardown("n", str(device), "d2")
    fake_ssh.config.device_sizes = {str(device): 4096}
    assert fake_ssh.device_setup("n", str(device), "d3", False).total == 4096


def test_bricks_are_directories(fake_ssh: SshExecutor, tmp_path: Path) -> None:
    brick = Brick("n", "s", "d", "b", f"{tmp_path}/vg_d/brick_b/brick", gid=0)
    fake_ssh.brick_create(brick)
    assert Path(brick.path).is_dir()
    with pytest.raises(CommandError, match="File exists"):
        fake_ssh.brick_create(brick)
    fake_ssh.brick_destroy(brick)
    assert list((tmp_path / "vg_d").iterdir()) == []


def test_a_brick_that_is_in_use_stays(fake_ssh: SshExecutor, tmp_path: Path) -> None:
    sleep = tmp_path / "sleep"
    sleep.write_text("#!/bin/sh\n")
    sleep.chmod(0o755)
    brick = Brick("n", "s", "d", "b", f"{tmp_path}/vg_d/brick_b/brick")
    fake_ssh.brick_create(brick)
    argv = [sys.executable, "-c", "input()", "--brick-name", brick.path, "-l", "log"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as process:
        with pytest.raises(CommandError, match=r"^umount: .*/vg_d/brick_b: target is busy\.$"):
            fake_ssh.brick_destroy(brick)
        process.communicate(b"\n")
    assert Path(brick.path).is_dir()
    fake_ssh.brick_destroy(brick)
    assert not Path(brick.path).exists()


def test_deleting_what_gluster_does_not_know(tmp_path: Path) -> None:
    executor = MockExecutor(Config("a", "u", db=str(tmp_path / "db")))
    executor.faults = [Fault("volume delete", error="volume delete: v: failed: Volume v does not exist")]
    with pytest.raises(VolumeGone):
        executor.volume_destroy("n", "v")
    executor.faults = [Fault("volume stop", error="no"), Fault("volume delete", error="no", times=1)]
    with pytest.raises(CommandError, match="^Unable to delete volume v: no$"):
        executor.volume_destroy("n", "v")
    executor.volume_destroy("n", "v")


def test_volume_info_xml() -> None:
    text = (
        "<cliOutput><opRet>0</opRet><volInfo><volumes><volume><name>v</name><id>1-2</id><status>1</status>"
        "<statusStr>Started</statusStr><replicaCount>3</replicaCount><type>2</type>"
        '<bricks><brick uuid="u">s:/b<name>s:/b</name><hostUuid>u</hostUuid><isArbiter>0</isArbiter></brick></bricks>'
        "<optCount>1</optCount><options><option><name>a.b</name><value>on</value></option></options>"
        "</volume><count>1</count></volumes></volInfo></cliOutput>"
    )
    info = read_volume_info(text)["Volumes"]
    assert info["Count"] == 1
    (volume,) = info["VolumeList"]
    assert (volume["VolumeName"], volume["ID"], volume["StatusStr"], volume["ReplicaCount"]) == (
        "v",
        "1-2",
        "Started",
        3,
    )
    assert volume["Bricks"]["BrickList"][0]["Name"] == "s:/b"
    assert volume["Options"]["OptionList"] == [{"Name": "a.b", "Value": "on"}]


def test_configuration() -> None:
    raw = {
        "port": "8081",
        "jwt": {"admin": {"key": "a"}, "user": {"key": "u"}},
        "glusterfs": {"executor": "ssh", "brick_min_size_gb": 2, "sshexec": {"port": "22", "keyfile": "/k"}},
        "standin": {"device_sizes": {"/srv/a": "20GiB", "n1:/srv/a": 4096}, "faults": [{"command": "x"}]},
    }
    config = parse(raw, {"HEKETI_ADMIN_KEY": "other", "HEKETI_MAX_INFLIGHT_OPERATIONS": "3"})
    assert (config.port, config.admin_key, config.user_key, config.max_inflight_operations) == (8081, "other", "u", 3)
    assert (config.executor, config.ssh_port, config.ssh_keyfile, config.brick_min) == ("ssh", 22, "/k", 2 * 1024**2)
    assert config.device_sizes == {"/srv/a": 20 * 1024**2, "n1:/srv/a": 4096}
    assert config.faults == [Fault("x")]
    for broken in ({}, {**raw, "enable_tls": True}, {**raw, "standin": {"device_sizes": {"a": "2 lots"}}}):
        with pytest.raises(ConfigError):
            parse(broken, {})


def test_the_mock_does_not_forget(tmp_path: Path) -> None:
    config = Config("a", "u", db=str(tmp_path / "db"), foreign_volumes=["old", "older"])
    executor = MockExecutor(config)
    executor.volume_create("n", spec("replicate", 3, 3))
    executor.volume_expand("n", spec("replicate", 3, 3))
    executor.volume_destroy("n", "old")
    again = MockExecutor(config)
    found = {one["VolumeName"]: one for one in again.volumes_info("n")["Volumes"]["VolumeList"]}
    assert sorted(found) == ["older", "v"]
    assert found["v"] == executor.volume_info("n", "v") == again.volume_info("n", "v")
    assert (found["v"]["StatusStr"], len(found["v"]["Bricks"]["BrickList"])) == ("Started", 6)
    with pytest.raises(CommandError, match="^Unable to get volume info of volume name: old$"):
        again.volume_info("n", "old")
    with pytest.raises(CommandError, match="Volume older already exists"):
        again.volume_create("n", VolumeSpec("older", "none", 1, bricks(1)))


def test_heal_info(tmp_path: Path) -> None:
    """As Gluster 10.3 says it; older ones do not name a brick that is down."""
    executor = MockExecutor(Config("a", "u", db=str(tmp_path / "db")))
    brick = "<brick hostUuid='-'><name>{}</name><status>{}</status><numberOfEntries>{}</numberOfEntries></brick>"
    bricks = brick.format("s1:/b", "Connected", 2) + brick.format("s2:/b", "Transport endpoint is not connected", "-")
    answer = f"<cliOutput><healInfo><bricks>{bricks}</bricks></healInfo><opRet>0</opRet></cliOutput>"
    executor.faults = [Fault("heal v info", output=answer)]
    assert executor.heal_info("n", "v") == [("s1:/b", "2"), ("s2:/b", "-")]
