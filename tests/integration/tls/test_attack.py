# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must not get into a volume, tried in earnest: by all attackers, before and after all that happens to it.

The moments go on from each other. What follows one precedes the next.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
import time
import typing as t

import attackers
import pytest
from attackers import IN, LISTED, Attacker, Signer
from harness import SERVERS, Lab, connected, in_order, make_by_hand, with_identities
from siege import DRIVER, HOME, STOP, Siege, wait

NAME = "besieged"
# Beside the first identity of the only tenant: another one of the same name, whose key was stolen.
STOLEN = "stolen"
DENIED = "tenant-b"
UNLISTED = "unlisted"
PATH = "/srv/denied"
CUT_OFF = 10.0  # seconds after which who was denied may be in no more


@dataclasses.dataclass
class World:
    lab: Lab
    siege: Siege
    by_heketi: bool
    serials: dict[str, str] = dataclasses.field(default_factory=dict)

    def camp(self, *more: Attacker) -> None:
        """Attackers for the CA that signs now, and the tenant with his two identities that it signed."""
        keys = {name: attackers.new_key() for name in (LISTED, STOLEN)}
        sign = [{"common_name": LISTED, "csr": attackers.request(LISTED, key)} for key in keys.values()]
        path, passphrase = self.lab.folder / "ca", (self.lab.folder / "ca-passphrase").read_text().split()[0]
        done = self.lab.ansible("localhost", "gluster_tls_ca", path=str(path), passphrase=passphrase, sign=sign)
        assert not done["failed"], done
        bundle = done["bundle"].encode()
        mine = []
        for (name, key), signed in zip(keys.items(), done["certificates"]):
            files = {"glusterfs.key": attackers.private(key), "glusterfs.pem": signed["certificate"].encode()}
            mine.append(Attacker(name, IN, {**files, "glusterfs.ca": bundle}))
            self.serials[name] = signed["serial"]
        others = attackers.muster(Signer.of(path, passphrase), bundle)
        more = tuple(dataclasses.replace(one, files={**one.files, "glusterfs.ca": bundle}) for one in more)
        self.siege.camp([*mine, *others, *more])

    def shares(self, **more: t.Any) -> None:
        done = self.lab.module(
            "server1",
            "gluster_shares",
            infrastructure=SERVERS,
            shares=[{"name": NAME, "identities": [LISTED], **more}],
            restart=bool(more),
        )
        assert not done["failed"], done

    def heketi(self, size: str) -> None:
        wanted = {"name": NAME, "size": size, "seal": [*SERVERS, LISTED]}
        done = self.lab.module("localhost", "gluster_heketi_volumes", volumes=[wanted], **self.lab.heketi())
        assert not done["failed"] and done["changed"], done


@pytest.fixture(scope="module")
def world(either: Lab) -> t.Iterator[World]:
    lab = either
    version = lab.run("server1", "gluster --version").stdout.split()[1]
    made = World(lab, Siege(lab, f"GlusterFS {version}", NAME, "host3"), version.startswith("10."))
    made.camp()
    yield made
    lab.module("host2", "gluster_mounts", mounts=[{"share": NAME, "path": PATH, "state": "absent"}])
    if made.by_heketi:
        gone = [{"name": NAME, "state": "absent"}]
        assert not lab.module("localhost", "gluster_heketi_volumes", volumes=gone, **lab.heketi())["failed"]
    else:
        lab.gluster(f"volume stop {NAME} force")
        lab.gluster(f"volume delete {NAME}")
    # Other tests begin with a CA that has revoked nothing.
    for node in ("server1", "server2", "server3", "host1", "host2", "host3"):
        lab.run(node, f"rm -rf /etc/glusterfs/tls /srv/{NAME}* {HOME}")
    shutil.rmtree(lab.folder / "ca")
    with_identities(lab)


def create(world: World) -> None:
    if world.by_heketi:
        world.heketi("1G")
    else:
        make_by_hand(world.lab, NAME)
    world.shares()


def grow(world: World) -> None:
    before = len(world.lab.volumes()[NAME].bricks)
    if world.by_heketi:
        world.heketi("2G")
    else:
        bricks = " ".join(f"server{number}:/srv/{NAME}-more" for number in (1, 2, 3))
        world.lab.gluster(f"volume add-brick {NAME} {bricks} force")
    world.shares()
    assert len(world.lab.volumes()[NAME].bricks) == 2 * before


def restart_volume(world: World) -> None:
    world.lab.gluster(f"volume stop {NAME}")
    world.lab.gluster(f"volume start {NAME}")


def restart_server(world: World) -> None:
    lab = world.lab
    lab.run("server1", "pkill -9 gluster; while pgrep gluster; do sleep 0.1; done; glusterd")
    connected(lab)


def deny(world: World) -> None:
    """A tenant is denied whose host writes at that moment, by a mount of ours and through libgfapi."""
    lab = world.lab
    access = {"name": NAME, "identities": [DENIED], "infrastructure": SERVERS}
    assert lab.module("server1", "gluster_share_access", **access)["changed"]
    mount = {"share": NAME, "path": PATH, "servers": ["server1", "server2"]}
    assert not lab.module("host2", "gluster_mounts", mounts=[mount])["failed"]
    lab.send(
        "host2",
        DRIVER.read_bytes(),
        f"rm -rf {HOME}; mkdir -m 700 {HOME}; cat > {HOME}/driver.py; touch {HOME}/fuse {HOME}/gfapi",
    )
    where = {"fuse": PATH, "gfapi": f"{NAME} server1"}
    running = [
        lab.popen("host2", f"exec {world.siege.drive(f'hold {STOP} {place}')} > {HOME}/{method}")
        for method, place in where.items()
    ]

    def beats(method: str) -> list[dict[str, t.Any]]:
        told = lab.run("host2", f"cat {HOME}/{method}").stdout.split("\n")[:-1]
        return [json.loads(line) for line in told]

    try:
        for method in where:
            wait(f"writing by {method}", lambda method=method: any(one["written"] for one in beats(method)), 60)
        denied = lab.module("server1", "gluster_share_access", **access, state="absent")
        assert denied["changed"], denied
        at = time.time()
        for method in where:
            wait(f"the end of writing by {method}", lambda method=method: not beats(method)[-1]["written"], 60)
        time.sleep(3)  # it goes on trying
    finally:
        lab.run("host2", f"touch {STOP}")
        said = [process.communicate(timeout=60) for process in running]
    for method in where:
        last = max(one["at"] for one in beats(method) if one["written"])
        assert last < at + CUT_OFF, f"by {method} it wrote {last - at:.1f} s after it was denied"
        assert not any(one["local"] for one in beats(method)), said
    lab.run("host2", f"umount -l {PATH}", check=False)
    assert lab.run("host2", f"ls -A {PATH}").stdout == "", "what the denied one wrote is on the local disk"
    assert lab.run("host2", f"touch {PATH}/local", check=False).returncode != 0


def rotate(world: World) -> None:
    done = world.lab.play("glusterops.shares.rotate_ca")
    assert done.rc == 0, done.output


def after_rotation(world: World) -> None:
    """What the old CA signed is worth nothing, whoever shows it together with the new bundle."""
    old = world.siege.attackers[LISTED]
    world.camp(dataclasses.replace(old, name="old-ca", expected="unknown ca"))


def revoke(world: World) -> None:
    stolen = {"common_name": LISTED, "serial": world.serials[STOLEN]}
    done = world.lab.play("glusterops.shares.tls", tls_crl=True, tls_revoke=[stolen])
    assert done.rc == 0, done.output
    world.shares(volume_options={"ssl.crl-path": "/etc/glusterfs/tls/current/crl"})


def after_revocation(world: World) -> None:
    known = world.siege.attackers
    known[STOLEN] = dataclasses.replace(known[STOLEN], expected="revoked")


# What is done, and what then changes for whom.
MOMENTS: dict[str, tuple[t.Callable[[World], None], t.Callable[[World], None] | None]] = {
    "create": (create, None),
    "grow": (grow, None),
    "restart-volume": (restart_volume, None),
    "restart-server": (restart_server, None),
    "deny": (deny, None),
    "rotation": (rotate, after_rotation),
    "revocation": (revoke, after_revocation),
}


def nobody_gets_in(world: World, moment: str) -> None:
    act, then = MOMENTS[moment]
    creates = moment == "create"
    with world.siege.looping(moment, UNLISTED, *([LISTED] if creates else [])) as attempts:
        began = time.time()
        act(world)
        ended = time.time()
    tries = [one for one in attempts if one["attacker"] == UNLISTED]
    assert not [one for one in tries if one["in"] or one["written"]]
    assert any(one["ended"] < began for one in tries) and any(one["began"] > ended for one in tries)
    if creates:
        assert {one["reason"] for one in attempts if one["ended"] < began} == {"no such volume"}
        assert tries[-1]["reason"] == "not listed"
        assert [one["in"] for one in attempts if one["attacker"] == LISTED][-1], attempts[-1]
    if then:
        then(world)
    world.siege.attack(moment)


def test_nobody_gets_in(world: World, subtests: pytest.Subtests) -> None:
    in_order(subtests, {moment: functools.partial(nobody_gets_in, world, moment) for moment in MOMENTS})
