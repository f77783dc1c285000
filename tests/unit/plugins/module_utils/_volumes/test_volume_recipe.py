# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import shutil
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    Refused,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._volumes import recipe as recipes
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.recipe import Known, Place, Recipe, read_place
from recorded import VERSIONS, Recorded
from servers_told import Servers, uuid

THREE = tuple(Place(f"server{number}", "/b/brick_v_1/brick") for number in (1, 2, 3))


def recipe(**changed: t.Any) -> Recipe:
    return Recipe("v", THREE, replica=3, options={"client.ssl": "on"})._replace(**changed)


# ---- what can be made ----
@pytest.mark.parametrize(
    "changed, said",
    [
        ({"bricks": THREE[:2]}, "cannot have 2 bricks: a set has 3, and all sets are whole"),
        ({"bricks": ()}, "cannot have 0 bricks"),
        ({"bricks": (*THREE, *THREE)}, "brick server1:/b/brick_v_1/brick stands more than once"),
        ({"bricks": (*THREE[:2], Place("server1", "/other"))}, "server1 would have two bricks of one set"),
        ({"name": "all"}, "is not a volume name"),
        ({"name": "-v"}, "is not a volume name"),
        ({"disperse": 3, "redundancy": 1}, "cannot have both replica 3 and disperse 3"),
        ({"replica": 1, "disperse": 3, "redundancy": 0}, "disperse 3 cannot have redundancy 0"),
        ({"replica": 1, "disperse": 3, "redundancy": 2}, "disperse 3 cannot have redundancy 2"),
        ({"redundancy": 1}, "redundancy 1 is of disperse"),
        ({"replica": 2, "arbiter": 1}, "arbiter 1 with replica 2 is none"),
        ({"arbiter": 2}, "arbiter 2 with replica 3 is none"),
        ({"replica": -1}, "must not be less than 0"),
    ],
)
def test_what_cannot_be_made(changed: dict[str, t.Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        recipe(**changed).check()


def test_what_can_be_made() -> None:
    recipe().check()
    recipe(arbiter=1).check()
    recipe(replica=1).check()
    recipe(replica=0, disperse=3, redundancy=1).check()
    # A server may have bricks of several sets.
    other = tuple(brick._replace(path="/c") for brick in THREE)
    assert recipe(bricks=(*THREE, *other)).sets == (THREE, other)
    recipe(bricks=(*THREE, *other)).check()


@pytest.mark.parametrize("text", ["s:/a", "10.0.0.1:/b/brick_v_1/brick", "a-b.c:/x_y/z+1@2.3"])
def test_a_place(text: str) -> None:
    assert str(read_place(text, "v")) == text


@pytest.mark.parametrize(
    "text",
    ["", "s", "/a", "s:a", "s:/", "s:/a/", "s://a", "s:/a/../b", "s:/./b", "s:/a b", "-s:/a", "s:/a:b", "s:/a,b"]
    + ["s:/a\n", "s s:/a", "s:/" + "x" * 1000, "s:/ü", ":/a"],
)
def test_no_place(text: str) -> None:
    with pytest.raises(BadInput, match="must be HOST:/PATH"):
        read_place(text, "v")


# ---- what is there ----
def test_what_servers_know_differently() -> None:
    servers = Servers("here", "there", "third")
    servers.make("shared", "here:/a")
    servers.hidden["there"] = {"shared"}
    servers.only["third"] = {"ghost"}
    known = recipes.look(servers.cli)
    assert known.apart == {"shared": ["there"], "ghost": ["third"]}
    # This server's own name is told by another one.
    assert known.is_here("here") and not known.is_here("there") and not known.is_here("unknown")
    assert [call[0] for call in servers.asked] == ["here", "here", "there", "third", "there"]
    assert all(call[1][:2] in (["volume", "info"], ["pool", "list"], ["volume", "list"]) for call in servers.asked)


@pytest.mark.parametrize("connected, state", [(False, "Peer in Cluster"), (True, "Peer Rejected")])
def test_a_server_that_cannot_be_asked(connected: bool, state: str) -> None:
    servers = Servers("here", "there")
    servers.peers["there"] = servers.peers["there"]._replace(connected=connected, state=state)
    with pytest.raises(Unreachable, match=rf"cannot be asked: there \({state}\)"):
        recipes.look(servers.cli)
    assert len(servers.asked) == 2


def known_of(*volumes: Volume, **apart: list[str]) -> Known:
    names = {f"server{number}": f"u{number}" for number in (1, 2, 3)}
    return Known({one.name: one for one in volumes}, apart, {**names, "10.0.0.1": "u1", "localhost": "u1"})


def other(path: str, server: str = "10.0.0.1", server_uuid: str = "u1") -> Volume:
    return Volume("other", "", "Started", "", 1, 0, 0, 0, 0, (Brick(server, path, server_uuid),), {})


@pytest.mark.parametrize("path", ["/b/brick_v_1/brick", "/b/brick_v_1", "/b", "/b/brick_v_1/brick/below"])
def test_a_brick_that_is_some_volumes(path: str) -> None:
    with pytest.raises(Conflict, match=r"brick server1:/b/brick_v_1/brick is, holds or lies in a brick of volume 'ot"):
        recipes.check_free(recipe(), known_of(other(path)))


def test_bricks_that_are_nobodys() -> None:
    recipes.check_free(recipe(), known_of(other("/b/brick_v_10/brick"), other("/b/brick_v_1/brick", "x", "u9")))


def test_a_name_that_another_server_knows() -> None:
    with pytest.raises(Conflict, match="'v': server2 have it, and this server does not"):
        recipes.check_free(recipe(), known_of(v=["server2"]))


def test_two_names_of_one_server() -> None:
    both = (*THREE[:2], Place("10.0.0.1", "/x"))
    with pytest.raises(BadInput, match="server1:.* and 10.0.0.1:/x would be of one set, and are on one server"):
        recipes.check_free(recipe(bricks=both), known_of())


# ---- how it is made ----
@pytest.mark.parametrize(
    "changed, words",
    [
        ({}, ["replica", "3"]),
        ({"arbiter": 1}, ["replica", "3", "arbiter", "1"]),
        ({"replica": 0, "disperse": 3, "redundancy": 1}, ["disperse", "3", "redundancy", "1"]),
        ({"replica": 1}, []),
    ],
)
def test_made(changed: dict[str, t.Any], words: list[str]) -> None:
    servers = Servers("server1", "server2", "server3")
    asked = recipe(**changed)
    volume = recipes.create(servers.cli, asked)
    assert (volume.status, asked.is_of(volume)) == ("Created", True)
    assert volume.options == {"client.ssl": "on", "cluster.lookup-optimize": "off"}
    assert servers.changed == [
        ["volume", "create", "v", *words, *map(str, THREE)],
        ["volume", "set", "v", "client.ssl", "on", "cluster.lookup-optimize", "off"],
    ]


def test_what_a_killed_run_left_is_gone_on_with() -> None:
    servers = Servers("server1", "server2", "server3")
    servers.make("v", *map(str, THREE), replica=3)
    recipes.create(servers.cli, recipe())
    assert [call[1] for call in servers.changed] == ["set"]


@pytest.mark.parametrize("status, bricks", [("Started", THREE), ("Stopped", THREE), ("Created", THREE[::-1])])
def test_a_name_that_is_taken(status: str, bricks: tuple[Place, ...]) -> None:
    servers = Servers("server1", "server2", "server3")
    servers.make("v", *map(str, bricks), replica=3, status=status)
    with pytest.raises(Conflict, match="Volume 'v' exists, with other bricks or started"):
        recipes.create(servers.cli, recipe())
    assert servers.changed == []


def test_a_name_that_is_taken_elsewhere() -> None:
    servers = Servers("server1", "server2", "server3")
    servers.only["server2"] = {"v"}
    with pytest.raises(Conflict, match="server2 have it, and this server does not"):
        recipes.create(servers.cli, recipe())
    servers = Servers("server1", "server2", "server3")
    servers.make("v", *map(str, THREE), replica=3)
    servers.hidden["server3"] = {"v"}
    with pytest.raises(Conflict, match="server3 do not have it, as this server does"):
        recipes.create(servers.cli, recipe())
    assert servers.changed == []


def test_options_that_some_server_could_not_keep_are_set_again() -> None:
    servers = Servers("server1", "server2", "server3")
    servers.refusals.append(("volume set", "Commit failed on server2. Error: whatever"))
    recipes.create(servers.cli, recipe())
    assert [call[1] for call in servers.changed] == ["create", "set", "set"]
    servers = Servers("server1", "server2", "server3")
    servers.refusals.append(("volume set", "option : nonsense does not exist"))
    with pytest.raises(Refused, match="nonsense"):
        recipes.create(servers.cli, recipe())
    assert [call[1] for call in servers.changed] == ["create", "set"]


ROOT = "The brick server1:/b is being created in the root partition. It is recommended that"


def test_force_only_where_it_is_allowed_and_needed() -> None:
    servers = Servers("server1", "server2", "server3")
    servers.refusals.append(("volume create", ROOT))
    with pytest.raises(Refused, match="root partition"):
        recipes.create(servers.cli, recipe())
    assert [call[-1] for call in servers.changed] == [str(THREE[-1])]
    servers.refusals.append(("volume create", ROOT))
    servers.changed.clear()
    recipes.create(servers.cli, recipe(), root=True)
    assert [call[-1] for call in servers.changed] == [str(THREE[-1]), "force", "off"]
    # Nothing else is hidden by it.
    servers = Servers("server1", "server2", "server3")
    servers.refusals.append(("volume create", "/b is already part of a volume"))
    with pytest.raises(Refused, match="already part of a volume"):
        recipes.create(servers.cli, recipe(), root=True)
    assert len(servers.changed) == 1


# ---- what is left of what was refused ----
def brick_of(path: pathlib.Path, value: str = "v") -> pathlib.Path:
    (path / ".glusterfs" / "indices").mkdir(parents=True)
    try:
        os.setxattr(path, "trusted.glusterfs.volume-id", bytes.fromhex(uuid(value).replace("-", "")))
    except OSError:
        pytest.skip("only root may have such attributes, and not on every file system")
    return path


def volume_of(name: str, path: str) -> Volume:
    return Volume(name, uuid(name), "Created", "", 1, 0, 0, 0, 0, (Brick("server1", path, ""),), {})


def test_released(tmp_path: pathlib.Path) -> None:
    brick = brick_of(tmp_path / "brick")
    assert recipes.release(str(brick), [volume_of("other", "/other")])
    assert os.listxattr(brick) == [] and os.listdir(brick) == []
    assert not recipes.release(str(brick), [])
    assert not recipes.release(str(tmp_path / "missing"), [])


def test_not_released(tmp_path: pathlib.Path) -> None:
    def kept(name: str, *volumes: Volume) -> pathlib.Path:
        brick = brick_of(tmp_path / name)
        assert not recipes.release(str(brick), volumes) and "trusted.glusterfs.volume-id" in os.listxattr(brick)
        return brick

    kept("id", volume_of("v", "/somewhere"))
    kept("path", volume_of("other", str(tmp_path / "path")))
    ran = brick_of(tmp_path / "ran")
    os.setxattr(ran, "trusted.gfid", b"0" * 16)
    assert not recipes.release(str(ran), [])
    full = brick_of(tmp_path / "full")
    (full / "file").touch()
    assert not recipes.release(str(full), [])
    hidden = brick_of(tmp_path / "hidden")
    (hidden / ".glusterfs" / "indices" / "file").touch()
    assert not recipes.release(str(hidden), []) and (hidden / ".glusterfs" / "indices").exists()
    linked, outside = brick_of(tmp_path / "linked"), tmp_path / "outside"
    (outside / "below").mkdir(parents=True)
    (linked / ".glusterfs" / "indices").rmdir()
    (linked / ".glusterfs" / "link").symlink_to(outside)
    assert not recipes.release(str(linked), [])
    shutil.rmtree(linked / ".glusterfs")
    (linked / ".glusterfs").symlink_to(outside)
    assert not recipes.release(str(linked), []) and (outside / "below").exists()


def test_a_brick_that_holds_nothing(tmp_path: pathlib.Path) -> None:
    brick = brick_of(tmp_path / "brick")
    volume = volume_of("v", str(brick))
    (brick / ".glusterfs" / "file").write_text("whatever")
    (brick / "a" / "b").mkdir(parents=True)
    assert recipes.holds_nothing(str(brick), volume)
    # Not of this volume, or not there.
    assert not recipes.holds_nothing(str(brick), volume_of("other", str(brick)))
    assert not recipes.holds_nothing(str(tmp_path / "missing"), volume)

    pointer = brick / "a" / "b" / "pointer"
    pointer.touch()
    os.setxattr(pointer, "trusted.glusterfs.dht.linkto", b"v-replicate-0\0")
    pointer.chmod(0o1000)
    assert recipes.holds_nothing(str(brick), volume)
    pointer.chmod(0o1644)
    assert not recipes.holds_nothing(str(brick), volume)
    pointer.chmod(0o1000)
    pointer.write_text("x")
    assert not recipes.holds_nothing(str(brick), volume)
    pointer.write_text("")
    os.removexattr(pointer, "trusted.glusterfs.dht.linkto")
    assert not recipes.holds_nothing(str(brick), volume)
    pointer.unlink()
    (brick / "a" / ".glusterfs").mkdir()
    (brick / "a" / ".glusterfs" / "file").touch()
    assert not recipes.holds_nothing(str(brick), volume)
    shutil.rmtree(brick / "a")
    (brick / "link").symlink_to(tmp_path)
    assert not recipes.holds_nothing(str(brick), volume)


def test_what_is_refused_is_undone_here_and_told_of_elsewhere(tmp_path: pathlib.Path) -> None:
    here = brick_of(tmp_path / "brick")
    bricks = (Place("server1", str(here)), *THREE[1:])
    servers = Servers("server1", "server2", "server3")
    servers.refusals.append(("volume create", "Staging failed on server3. Error: Failed to create brick directory"))
    # As Gluster leaves it.
    os.removexattr(here, "trusted.glusterfs.volume-id")
    servers.meanwhile = lambda: os.setxattr(here, "trusted.glusterfs.volume-id", b"1" * 16)
    with pytest.raises(Refused, match=r"It may have marked server2:\S+, server3:\S+ before that") as caught:
        recipes.create(servers.cli, recipe(bricks=bricks))
    assert caught.value.details["left"] == [str(brick) for brick in THREE[1:]]
    assert os.listxattr(here) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_names(version: str) -> None:
    run = Recorded(version, "volume-list.xml")
    names = answers.volume_names(GlusterCli(run))
    assert {"arbiter", "disperse", "sealed"} <= set(names)
    assert run.calls == [["gluster", "--mode=script", "--xml", "volume", "list"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_numbers_are_those_that_gluster_tells(version: str) -> None:
    found = answers.volumes(GlusterCli(Recorded(version, "volume-info-all.xml")))
    numbers: dict[str, dict[str, int]] = {
        "arbiter": {"replica": 3, "arbiter": 1},
        "disperse": {"replica": 0, "disperse": 3, "redundancy": 1},
        "made": {},
        "sealed": {"replica": 3},
    }
    for name, its in numbers.items():
        volume = found[name]
        asked = Recipe(name, recipes.places(volume), **its)  # type: ignore[arg-type]
        asked.check()
        assert asked.is_of(volume) and not asked._replace(replica=2, disperse=0).is_of(volume)
