# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From bare servers to shares on their own storage, which grow and go, by an inventory and one playbook."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from calls import ansible
from harness import Lab, Play, in_order
from killing import gone, kill_when

SERVERS = [f"server{number}" for number in (1, 2, 3, 4)]
# A small file system of its own on each server, and below it what it gives to bricks.
STORAGE, SIZE = "/srv/small/shares", "2600m"
FILES = 40
# Writes files and reads them back until it is told to end, and says how many. What fails is noted.
WRITER = """
cd /srv/first; n=0
while [ ! -e /root/end ]; do
    n=$((n + 1))
    echo $n > w$n && [ "$(cat w$n)" = $n ] || echo $n >> /root/failed
    sleep 0.1
done
echo $n
"""


def share(name: str, size: str, **others: t.Any) -> dict[str, t.Any]:
    mounts = [{"host": "host1", "path": f"/srv/{name}"}]
    return {"name": name, "size": size, "identities": ["tenant-a"], "mounts": mounts, **others}


class Site:
    """The lab with an inventory of four servers, which give storage. Nothing in it says how that is done."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        with open(lab.inventory, encoding="utf-8") as stream:
            inventory = yaml.safe_load(stream)
        groups = inventory["all"]["children"]["lab_nodes"]["children"]
        servers = groups["gluster_servers"]
        servers["hosts"] = {name: servers["hosts"][name] for name in SERVERS}
        servers["vars"] = {"servers_storage": [STORAGE], "shares_durability": "replicate-2"}
        path = pathlib.Path(lab.inventory).with_name("made.yml")
        path.write_text(yaml.safe_dump(inventory))
        self._lab = Lab(lab.folder, path.name)

    def play(self, playbook: str, *options: str, **variables: t.Any) -> Play:
        return self._lab.play(f"glusterops.shares.{playbook}", "--diff", *options, **variables)

    def words(self, playbook: str, **variables: t.Any) -> list[str]:
        return self._lab.playing(f"glusterops.shares.{playbook}", **variables)

    def done(self, playbook: str, *options: str, **variables: t.Any) -> Play:
        played = self.play(playbook, *options, **variables)
        assert played.rc == 0, played.output
        return played

    def bricks(self) -> dict[str, list[str]]:
        """By server, the bricks that are there, whosever they are."""
        return {server: self.lab.run(server, f"ls {STORAGE} 2>/dev/null || true").stdout.split() for server in SERVERS}

    def check_no_orphans(self) -> None:
        """Each brick that is there is in a volume, and the other way round."""
        there = sorted(brick for bricks in self.bricks().values() for brick in bricks)
        paths = [brick.path for volume in self.lab.volumes().values() for brick in volume.bricks]
        assert sorted(path.split("/")[-2] for path in paths) == there
        assert all(names.of_path(path) for path in paths)

    def write(self, name: str) -> None:
        """As its tenant, files with their sums."""
        self.lab.run(
            "host1",
            f"cd /srv/{name} && for n in $(seq {FILES}); do head -c 200000 /dev/urandom > f$n; done && sha256sum f* >"
            f" /root/{name}.sums && sync",
        )

    def check_files(self, name: str) -> None:
        found = self.lab.run("host1", f"cd /srv/{name} && sha256sum --quiet -c /root/{name}.sums && ls f* | wc -l")
        assert found.stdout == f"{FILES}\n"

    def room(self, name: str) -> int:
        """What its tenant sees as its size."""
        return int(self.lab.run("host1", f"df --output=size -B1 /srv/{name} | tail -1").stdout)


@pytest.fixture
def site(as_new: t.Callable[..., Lab]) -> t.Iterator[Site]:
    lab = as_new("--servers", "4", "--no-topology", "--no-heketi")
    small = STORAGE.rpartition("/")[0]
    for server in SERVERS:
        lab.run(
            server,
            f"truncate -s {SIZE} /srv/small.img && mkfs.xfs -q /srv/small.img && mkdir {small} &&"
            f" mount -o loop /srv/small.img {small}",
        )
    yield Site(lab)
    for server in SERVERS:
        lab.run(server, f"umount -l {small}", check=False)


def test_shares_on_servers_storage(site: Site, subtests: pytest.Subtests) -> None:
    lab, first, second = site.lab, share("first", "1G"), share("second", "600M", durability="replicate-3")

    def bare() -> None:
        """Nothing is changed by a dry run."""
        dry = site.play("site", "--check", shares_list=[first, second])
        assert dry.rc == 0, dry.output
        assert all(lab.gluster("peer status", server).startswith("Number of Peers: 0") for server in SERVERS)
        assert not any(site.bricks().values())
        assert lab.run("host1", "ls -A /srv").stdout == ""

    def made() -> None:
        """Sealed before it was first started: no brick ever ran without TLS."""
        site.done("site", shares_list=[first, second])
        volumes = lab.volumes()
        assert {name: (one.replica, len(one.bricks)) for name, one in volumes.items()} == {
            "first": (2, 2),
            "second": (3, 3),
        }
        for one in volumes.values():
            assert one.started and one.is_on("server.ssl") and one.options["cluster.lookup-optimize"] == "off"
            assert one.options["user.glusterops-origin"] == "made"
            assert len(set(one.servers)) == len(one.bricks)
        plain = "grep -l 'ssl-support\\|SSL support' /var/log/glusterfs/bricks/*.log"
        assert lab.run(volumes["first"].bricks[0].server, plain, check=False).stdout.strip()
        site.check_no_orphans()

    def again() -> None:
        played = site.done("site", shares_list=[first, second])
        assert played.changed == 0, played.output

    def used() -> None:
        assert site.room("first") == 1 << 30
        site.write("first")
        assert "Authentication failed" in lab.mount("host2", "first")
        assert "could not load our cert" in lab.mount("host3", "first")

    def grows_in_place() -> None:
        """By the storage that is promised, and quota; it has the bricks that it had."""
        before = lab.volumes()["first"].bricks
        played = site.done("shares", shares_list=[share("first", "1.5G"), second])
        assert "TASK [glusterops.shares.shares : Make bricks, and have them grow]" in played.output
        assert lab.volumes()["first"].bricks == before
        assert site.room("first") == 3 << 29
        site.check_files("first")

    def grows_by_a_set() -> None:
        """Where there is no more room, on other servers, while its tenant works. A killed run is gone on with."""
        asked = [share("first", "3G"), second]
        writer = lab.popen("host1", WRITER)
        before = lab.volumes()["first"].bricks
        dry = site.done("shares", "--check", shares_list=asked)
        assert lab.volumes()["first"].bricks == before
        run = ansible(*site.words("shares", shares_list=asked))
        while len(lab.volumes()["first"].bricks) < 4:
            assert not run.done(), run.result()
        # What a killed control node has begun would go on.
        lab.run("server1", "pkill -9 -f '^[/]usr/bin/python3'")
        assert run.result(600).rc != 0
        assert lab.options("first")["user.glusterops-unfinished"] == "rebalance@first"
        site.done("shares", shares_list=asked)
        assert lab.options("first")["user.glusterops-unfinished"] == "-"
        after = lab.volumes()["first"].bricks
        assert after[:2] == before and len(after) == 4
        for brick in after[2:]:
            assert f"{brick.server}:{brick.path}" in dry.output
        lab.run("host1", "touch /root/end")
        written = int(writer.communicate(timeout=60)[0])
        assert written > 10 and lab.run("host1", "cat /root/failed", check=False).stdout == ""
        there = lab.run("host1", "cd /srv/first && for n in $(seq " + str(written) + "); do cat w$n; done").stdout
        assert there.split() == [str(number) for number in range(1, written + 1)]
        assert site.room("first") == 3 << 30
        site.check_files("first")
        site.check_no_orphans()
        assert site.done("shares", shares_list=asked).changed == 0

    def no_room() -> None:
        """It says what there would be room for, and that is so; nothing is changed by what is refused."""
        before = lab.gluster("volume info")
        refused = site.play("shares", shares_list=[share("first", "3G"), second, share("third", "500G")])
        assert refused.rc != 0 and "there is no room for 500G" in refused.output, refused.output
        assert lab.gluster("volume info") == before
        site.check_no_orphans()

    def killed() -> None:
        """Between any two of its steps: the next run finishes, and nothing is left over."""
        third = share("third", "100M", mounts=[])
        asked = {"shares_list": [share("first", "3G"), second, third]}

        def some_bricks() -> bool:
            return any("brick_third_1" in bricks for bricks in site.bricks().values())

        def a_volume() -> bool:
            return "third" in lab.gluster("volume list").split()

        def started() -> bool:
            return a_volume() and "Status: Started" in lab.gluster("volume info third")

        for reached in (some_bricks, a_volume, started):
            kill_when(lab, site.words("shares", **asked), reached)
            site.done("shares", **asked)
            assert lab.options("third")["user.glusterops-state"] == "in-use"
            site.check_no_orphans()
            assert site.done("shares", **asked).changed == 0
            site.done("remove_share", "-e", "remove_share_name=third")
            site.check_no_orphans()
            gone(lab)

    def two_at_once() -> None:
        """Two control nodes: one volume, and each run either did it or says why not."""
        asked = {"shares_list": [share("first", "3G"), second, share("third", "100M", mounts=[])]}
        runs = [ansible(*site.words("shares", **asked)) for _number in range(2)]
        ended = [run.result(600).rc for run in runs]
        assert 0 in ended
        site.done("shares", **asked)
        assert lab.options("third")["user.glusterops-state"] == "in-use"
        site.check_no_orphans()

    def removed() -> None:
        """With the bricks, on all servers. A second time there is nothing to do."""
        refused = site.play("remove_share", "-e", "remove_share_name=second")
        assert refused.rc != 0 and "second is mounted by 1 client" in refused.output, refused.output
        dry = site.done("remove_share", "--check", "-e", "remove_share_force=true", "-e", "remove_share_name=second")
        assert dry.changed and "second" in lab.volumes()
        for name in ("second", "third"):
            site.done("remove_share", "-e", "remove_share_force=true", "-e", f"remove_share_name={name}")
        assert set(lab.volumes()) == {"first"}
        site.check_no_orphans()
        again = site.done("remove_share", "-e", "remove_share_name=second")
        assert again.changed == 0, again.output
        site.check_files("first")

    in_order(
        subtests,
        {
            "bare": bare,
            "made": made,
            "again": again,
            "used": used,
            "grows in place": grows_in_place,
            "grows by a set": grows_by_a_set,
            "no room": no_room,
            "killed": killed,
            "two at once": two_at_once,
            "removed": removed,
        },
    )
