# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._checks import (
    checks as check,
)
from ansible_collections.glusterops.shares.plugins.module_utils._checks import (
    finding,
    scene,
)
from ansible_collections.glusterops.shares.plugins.module_utils._checks import (
    table as check_table,
)
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import MEMBER
from ansible_collections.glusterops.shares.plugins.module_utils._machines.stored import digests

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC
SERVERS = ("server1", "server2", "server3")
HOSTS = ("host1", "host2")
STORED = {"auth.ssl-allow": "server1,tenant-a", "client.ssl": "on", "server.ssl": "on"}
Told = t.Dict[str, t.Any]


def peer(number: int, **more: t.Any) -> Told:
    return {"uuid": f"uuid-{number}", "hostname": f"server{number}", "connected": True, "state": MEMBER, **more}


def server(number: int, members: t.Iterable[int] = (1, 2, 3)) -> Told:
    told = host(f"glusterfs-server-server{number}")
    told["machine"].update(uuid=f"uuid-{number}", op_version=100000)
    told["peers"] = [peer(one) for one in members if one != number] + [peer(number, hostname="localhost", state="")]
    told["stored"] = {"data": digests(STORED), "plain": digests({})}
    return told


def host(name: str) -> Told:
    return {
        "machine": {
            "version": "10.3",
            "uuid": None,
            "op_version": None,
            "clock": {"ahead": 0.3, "uncertainty": 0.4},
        },
        "identity": {
            "common_name": name,
            "not_after": "2027-12-31T08:00:00Z",
            "bundle_sha256": "aaaaaaaaaa",
            "problem": None,
            "issuer": "CN=CA",
            "serial": f"0{name[-1]}",
            "matches": True,
            "key_problem": None,
            "authorities": [{"common_name": "CA", "not_after": "2036-12-31T08:00:00Z", "fingerprint_sha256": "AA"}],
            "crls": [],
            "lacks_crl": ["CA (AA:BB...)"],
        },
    }


def ca(end: str) -> Told:
    return {"common_name": "CA", "not_after": end, "fingerprint_sha256": "BB"}


def daemons(online: int = 3, connected: int = 3, offline: t.Sequence[str] = ()) -> Told:
    return {"online": online, "connected": connected, "offline": list(offline)}


def volume(name: str, identities: t.Sequence[str], started: bool = True) -> Told:
    options = {"client.ssl": "on", "server.ssl": "on"} if identities else {}
    return {"name": name, "share": name, "started": started, "options": options, "identities": list(identities)}


def brick(volume: str, number: int) -> Told:
    return {
        "volume": volume,
        "server": f"server{number}",
        "server_uuid": f"uuid-{number}",
        "path": f"/srv/{volume}",
        "port": 49152,
        "common_name": f"glusterfs-server-server{number}",
        "serial": f"0{number}",
        "not_after": "2027-12-31T08:00:00Z",
        "issuer": "CN=CA",
        "plaintext": False,
        "problem": None,
        "clients": 5,
    }


class World:
    """Machines and clusters where all is well, to be spoilt by tests."""

    def __init__(self) -> None:
        self.told = {
            **{f"server{number}": server(number) for number in (1, 2, 3)},
            **{name: host(f"tenant-of-{name}") for name in HOSTS},
        }
        self.groups: dict[str, tuple[str, ...]] = {"gluster_servers": SERVERS}
        infrastructure = [f"glusterfs-server-{name}" for name in SERVERS] + ["manila-host-1"]
        self.infrastructure = list(infrastructure)
        self.cluster: Told = {
            "max_op_version": 100000,
            "trash_directories": {},
            "vanishing": [],
            "daemons": {
                "data": {"healers": daemons(), "limiters": daemons(), "identities": [*infrastructure, "tenant-a"]},
                "plain": {"healers": None, "limiters": None, "identities": []},
            },
        }
        # What TLS is asked about, if it is.
        self.tls: Told = {
            "volumes": [volume("data", [*infrastructure, "tenant-a"]), volume("plain", [], started=False)],
            "served": [brick("data", number) for number in (1, 2, 3)],
            "clients": {"data": {"fuse": 2, "gfapi": 1, "glustershd": 3}},
        }
        self.shares: dict[str, list[str]] = {"data": ["tenant-a"]}
        self.answers: dict[str, Told] = {"gluster_servers": {"cluster": self.cluster}}
        self.tolerate: tuple[str, ...] = ()

    def scene(self) -> scene.Scene:
        members = {name for servers in self.groups.values() for name in servers}
        names = {name: f"glusterfs-server-{name}" if name in members else None for name in self.told}
        return scene.Scene(
            [scene.read_machine(name, names[name], told) for name, told in self.told.items()],
            [
                scene.read_cluster(
                    group,
                    servers,
                    next(iter(servers), None) if group in self.answers else None,
                    self.answers.get(group, {}),
                    self.infrastructure,
                )
                for group, servers in self.groups.items()
            ],
            ("glusterfs-server-", "manila-host-"),
            NOW,
            self.shares,
        )

    def findings(self) -> list[finding.Finding]:
        return check.findings(self.scene(), self.tolerate)

    # ---- how it is spoilt ----

    def with_tls(self) -> World:
        self.answers["gluster_servers"].update(self.tls)
        return self

    def volume(self, name: str, options: t.Mapping[str, str] | None = None, **values: t.Any) -> None:
        [told] = [one for one in self.tls["volumes"] if one["name"] == name]
        told["options"].update(options or {})
        told.update(values)

    def lists(self, *more: str, less: t.Container[str] = ()) -> None:
        [told] = [one for one in self.tls["volumes"] if one["name"] == "data"]
        told["identities"] = [one for one in told["identities"] if one not in less] + list(more)

    def stranger(self) -> None:
        """A volume that is no declared share."""
        self.tls["volumes"].append(volume("other", [*self.tls["volumes"][0]["identities"], "tenant-b"]))

    def serves(self, number: int, **values: t.Any) -> None:
        self.tls["served"][number - 1].update(values)

    def silence(self, *numbers: int, problem: str, plaintext: bool = False) -> None:
        for number in numbers:
            nothing = dict.fromkeys(("common_name", "serial", "not_after", "issuer"))
            self.serves(number, problem=problem, plaintext=plaintext, **nothing)

    def revoking(self, *crls: tuple[str, str], lacking: t.Sequence[str] = ()) -> None:
        """All servers have these CRLs, and the volume looks at them."""
        self.volume("data", {"ssl.crl-path": "/crl"})
        for name in SERVERS:
            its = [{"issuer": issuer, "next_update": end} for issuer, end in crls]
            self.identity(name, crls=its, lacks_crl=list(lacking))

    def machine(self, name: str, **values: t.Any) -> None:
        self.told[name]["machine"].update(values)

    def identity(self, name: str, **values: t.Any) -> None:
        self.told[name]["identity"].update(values)

    def clock(self, ahead: float, *names: str, uncertainty: float = 0.4) -> None:
        for name in names:
            self.machine(name, clock={"ahead": ahead, "uncertainty": uncertainty})

    def uninstalled(self, name: str) -> None:
        self.machine(name, version=None)
        self.told[name]["identity"] = None

    def copied(self) -> None:
        """Two servers of which one was made as a copy of the other, /var/lib/glusterd included."""
        self.told["server1"], self.told["server2"] = server(1, (1, 3)), server(1, (1, 3))
        self.identity("server2", common_name="glusterfs-server-server2")
        self.told["server3"] = server(3, (1, 3))

    def silent(self, name: str) -> None:
        self.told[name] = {"unreachable": True, "msg": "Connection refused."}

    def down(self, name: str, seen: bool = True) -> None:
        """A server whose glusterd does not run."""
        self.told[name]["peers"] = None
        if seen:
            self.disconnected(name)

    def disconnected(self, name: str, *by: str) -> None:
        for told in (self.told[one] for one in (by or self.told)):
            for one in told.get("peers") or ():
                if one["hostname"] == name:
                    one["connected"] = False

    def rejected(self, name: str) -> None:
        """By the others, and it rejects them."""
        for by, told in self.told.items():
            for one in told.get("peers") or ():
                if one["hostname"] != "localhost" and name in (by, one["hostname"]):
                    one["state"] = "Peer Rejected"

    def apart(self, *pools: t.Iterable[int]) -> None:
        """The servers in several pools."""
        for pool in pools:
            for number in {1, 2, 3}.intersection(pool):
                self.told[f"server{number}"] = server(number, pool)

    def stores(self, name: str, options: t.Mapping[str, str]) -> None:
        """The server has other options of the volume in its own file."""
        self.told[name]["stored"]["data"] = digests({**STORED, **options})

    def two_groups(self) -> None:
        self.groups = {"left": SERVERS[:2], "right": SERVERS[2:]}
        self.answers = {"left": {"cluster": self.cluster}, "right": {"cluster": copy.deepcopy(self.cluster)}}

    def daemon(self, **values: t.Any) -> None:
        self.cluster["daemons"]["data"].update(values)

    def bricks(self, thin: bool | None) -> None:
        for name in SERVERS:
            self.told[name]["bricks"] = [{"volume": "data", "path": "/srv/data", "thin": thin}]


def test_all_is_well() -> None:
    world = World()
    assert world.findings() == []
    assert check_table.table(world.scene(), []) == [
        "All is well on 5 machines, 3 of them servers.",
        "Checked: reachable, twins, version, clusters, connected, op-version, certificate, authority, pair,",
        "bundle, name, clock, trash, rebalance, stored, self-heal, quota.",
        "Not checked: sealed, list, crl, served, plaintext (nobody asked for TLS); thin-bricks (nobody asked",
        "for snapshots).",
    ]
    world.with_tls()
    assert world.findings() == []
    assert check.checked(world.scene()) == [what for what in check.CHECKS if what != "thin-bricks"]


ERROR, WARNING = finding.ERROR, finding.WARNING
Spoil = t.Callable[[World], t.Any]
# fmt: off
# What is done to it, and the one finding: severity, check, where, found, advice.
ROWS: list[tuple[str, Spoil, str, str, tuple[str, ...], str, str]] = [
    ("unreachable", lambda w: w.silent("host1"),
     ERROR, "reachable", ("host1",),
     "nothing is known of it: Connection refused", "ssh"),
    ("server-unreachable", lambda w: (w.silent("server2"), w.disconnected("server2")),
     ERROR, "reachable", ("server2",),
     "Connection refused", "ssh"),
    ("left-out", lambda w: w.told.pop("server3"),
     WARNING, "reachable", ("server3",),
     "not asked in this run", "without --limit"),
    ("glusterd-down", lambda w: w.down("server3"),
     ERROR, "reachable", ("server3",),
     "its glusterd does not answer", "systemctl start glusterd"),
    ("cluster-silent", lambda w: w.answers.update(gluster_servers={"msg": "gluster is busy."}),
     ERROR, "reachable", ("gluster_servers",),
     "could not be looked at: gluster is busy", "on server1"),
    ("not-installed", lambda w: w.uninstalled("host1"),
     ERROR, "version", ("host1",),
     "not installed", "GlusterFS's client"),
    ("server-not-installed", lambda w: (w.uninstalled("server3"), w.down("server3")),
     ERROR, "version", ("server3",),
     "not installed", "GlusterFS's server"),
    ("too-old", lambda w: [w.machine(name, version="8.6") for name in w.told],
     ERROR, "version", (*SERVERS, *HOSTS),
     "GlusterFS 8.6 is too old", "Upgrade it to 9 or later"),
    ("too-new", lambda w: [w.machine(name, version="12.0") for name in w.told],
     WARNING, "version", (*SERVERS, *HOSTS),
     "GlusterFS 12.0 is none of the versions", "9 to 11"),
    ("of-no-version", lambda w: w.machine("host1", version="devel"),
     WARNING, "version", ("host1",),
     "GlusterFS devel is none", "9 to 11"),
    ("mixed", lambda w: w.machine("server2", version="11.1"),
     WARNING, "version", ("gluster_servers",),
     "server1 10.3, server2 11.1, server3 10.3", "one server at a time"),
    ("other-on-host", lambda w: w.machine("host2", version="11.1"),
     WARNING, "version", ("host2",),
     "its GlusterFS is 11.1, and no server's is: 10.3", "servers before hosts"),
    ("two-groups-one-pool", lambda w: w.two_groups(),
     ERROR, "clusters", ("left", "right"),
     "servers of one pool", "one group"),
    ("in-two-groups", lambda w: (w.two_groups(), w.groups.update(right=("server3", "server1"))),
     ERROR, "clusters", ("server1",),
     "in the groups of two clusters", "Take it out"),
    ("same-uuid", lambda w: w.copied(),
     ERROR, "clusters", ("server1", "server2"),
     "all have the glusterd UUID uuid-1", "/var/lib/glusterd"),
    ("alone", lambda w: (w.apart((1, 2), (3,)), w.stores("server3", {"auth.ssl-allow": "of-another-pool"})),
     WARNING, "clusters", ("server3",),
     "not in the pool of server1", "gluster peer probe server3"),
    ("another-pool", lambda w: w.apart((1, 2), (3, 4)),
     ERROR, "clusters", ("server3",),
     "in another pool than server1", "their own cluster"),
    ("stranger", lambda w: w.apart((1, 2, 3, 4)),
     WARNING, "clusters", ("server4",),
     "not in the inventory's group gluster_servers", "peer detach"),
    ("rejected", lambda w: w.told["server1"]["peers"][1].update(state="Peer Rejected"),
     ERROR, "connected", ("server3",),
     "to server1 it is no full member of the pool: Peer Rejected", "there, one server at a time, and only while"),
    ("rejected-by-all", lambda w: w.rejected("server3"),
     ERROR, "connected", ("server3",),
     "to server1, server2 it is no full member of the pool: Peer Rejected", "glusterd.log names the first"),
    ("disconnected", lambda w: w.disconnected("server3", "server1"),
     ERROR, "connected", ("server3",),
     "not connected to that of server1", "port 24007"),
    ("op-versions", lambda w: w.machine("server2", op_version=90000),
     ERROR, "op-version", ("gluster_servers",),
     "server1 100000, server2 90000", "(systemctl restart glusterd), one server at a time, and only while"),
    ("op-version-low", lambda w: w.cluster.update(max_op_version=110000),
     WARNING, "op-version", ("gluster_servers",),
     "is 100000, and its servers could have 110000", "gluster volume set all cluster.op-version 110000"),
    ("no-certificate", lambda w: w.told["server2"].update(identity=None),
     ERROR, "certificate", ("server2",),
     "no certificate", "glusterops.shares.tls"),
    ("untrusted", lambda w: w.identity("host1", problem="certificate is not yet valid."),
     ERROR, "certificate", ("host1",),
     "certificate is not yet valid", "set the clock"),
    ("expired-by-our-clock", lambda w: w.identity("host1", not_after="2027-01-15T07:59:00Z"),
     ERROR, "certificate", ("host1",),
     "ended on 2027-01-15 07:59 UTC", "glusterops.shares.tls"),
    ("expires-soon", lambda w: w.identity("host1", not_after="2027-01-29T07:59:00Z"),
     WARNING, "certificate", ("host1",),
     "ends on 2027-01-29 07:59 UTC", "tls_renew_before_days"),
    ("ca-ends", lambda w: [w.identity(name, authorities=[ca("2029-01-14T07:59:00Z")]) for name in ("server1", "host1")],
     WARNING, "authority", ("server1", "host1"),
     "the CA CA ends on 2029-01-14 07:59 UTC, and all that it signed with it", "glusterops.shares.rotate_ca"),
    ("ca-ended", lambda w: w.identity("host1", authorities=[ca("2036-12-31T08:00:00Z"), ca("2027-01-15T07:59:00Z")]),
     WARNING, "authority", ("host1",),
     "the CA CA ended on 2027-01-15 07:59 UTC", "before its end nobody is cut off"),
    ("twins", lambda w: [w.told[name].update(instance="same") for name in ("server1", "host1")],
     ERROR, "twins", ("server1", "host1"),
     "one machine under several names", "Keep one of its names"),
    ("no-pair", lambda w: w.identity("server2", matches=False),
     ERROR, "pair", ("server2",),
     "its key and its certificate do not belong together", "glusterops.shares.tls"),
    ("useless-key", lambda w: w.identity("server2", matches=False, key_problem="is not in PEM"),
     ERROR, "pair", ("server2",),
     "its key is not in PEM, so every new connection fails", "glusterops.shares.tls"),
    ("bundles", lambda w: w.identity("host2", bundle_sha256="bbbbbbbbbb"),
     ERROR, "bundle", ("host2",),
     "(SHA-256 bbbbbbbb...) than on server1, server2, server3, host1 (aaaaaaaa...)", "on all machines together"),
    ("server-name", lambda w: w.identity("server2", common_name="gluster2"),
     ERROR, "name", ("server2",),
     "is for gluster2, and access lists have glusterfs-server-server2", "glusterops.shares.tls"),
    ("tenant-like-server", lambda w: w.identity("host1", common_name="glusterfs-server-x"),
     WARNING, "name", ("host1",),
     "is for glusterfs-server-x: like a server", "another tls_tenant"),
    ("tenant-like-manager", lambda w: w.identity("host1", common_name="manila-host-x"),
     WARNING, "name", ("host1",),
     "is for manila-host-x: like a server", "another tls_tenant"),
    ("fast", lambda w: w.clock(63.5, "host2"),
     ERROR, "clock", ("host2",),
     "its clock is 64 s fast (+- 0.4 s)", "chrony"),
    ("slow", lambda w: w.clock(-10.0, "server1"),
     WARNING, "clock", ("server1",),
     "its clock is 10 s slow (+- 0.4 s)", "chrony"),
    ("control-node", lambda w: w.clock(-100.0, *w.told),
     ERROR, "clock", (check.CONTROL_NODE,),
     "its clock is 100 s fast", "chrony"),
    ("trash", lambda w: w.cluster.update(trash_directories={"data": "bin", "plain": "bin"}),
     WARNING, "trash", ("data", "plain"),
     "trash directory is 'bin'", "gluster volume reset VOLUME features.trash-dir"),
    ("vanishing", lambda w: w.cluster.update(vanishing=["data", "plain"]),
     WARNING, "rebalance", ("data", "plain"),
     "its cluster.lookup-optimize is on", "gluster volume set VOLUME cluster.lookup-optimize off"),
    ("stored-another-list", lambda w: w.stores("server2", {"auth.ssl-allow": "server1,tenant-a,tenant-b"}),
     ERROR, "stored", ("data",),
     "server2 stored another auth.ssl-allow of it than server1, server3, and its bricks may go by that",
     "restart glusterd there, one server at a time"),
    ("stored-unsealed", lambda w: w.stores("server1", {"server.ssl": "off", "auth.allow": "*"}),
     ERROR, "stored", ("data",),
     "server1 stored another server.ssl and auth.allow of it than server2, server3", "where it is down"),
    ("stored-nothing", lambda w: w.told["server3"]["stored"].update(data=None, plain=None),
     ERROR, "stored", ("data", "plain"),
     "server3 cannot read what it has stored of it", "takes it over from the others"),
    ("healer-offline", lambda w: w.daemon(healers=daemons(1, 1, ["localhost", "server3"])),
     ERROR, "self-heal", ("data",),
     "its self-heal daemon does not run on server1, server3", "gluster volume start VOLUME force"),
    ("healer-shut-out", lambda w: w.daemon(healers=daemons(3, 2), identities=["glusterfs-server-server[12]"]),
     ERROR, "self-heal", ("data",),
     "2 of 3 self-heal daemons are connected", "glusterops.shares.shares for the list, then on each server: pkill"),
    ("healer-cut-off", lambda w: w.daemon(healers=daemons(3, 2)),
     ERROR, "self-heal", ("data",),
     "though gluster calls all of them online.", "On each server: pkill -f 'volfile-id [s]hd/'"),
    ("no-healers", lambda w: w.daemon(healers=daemons(0, 0)),
     ERROR, "self-heal", ("data",),
     "does not run on any server", "force"),
    ("limiter-offline", lambda w: w.daemon(limiters=daemons(2, 2, ["server2"])),
     ERROR, "quota", ("data",),
     "its quota daemon does not run on server2", "gluster volume start VOLUME force"),
    ("limiter-cut-off", lambda w: w.daemon(limiters=daemons(3, 0)),
     ERROR, "quota", ("data",),
     "0 of 3 quota daemons are connected", "[q]uotad"),
    ("unsealed", lambda w: w.with_tls().volume("data", {"server.ssl": "off"}),
     ERROR, "sealed", ("data",),
     "it is started with server.ssl off: whoever reaches", "shares_restart=true"),
    ("never-sealed", lambda w: w.with_tls().volume("plain", started=True),
     ERROR, "sealed", ("plain",),
     "client.ssl and server.ssl off", "Or stop it"),
    ("no-list", lambda w: w.with_tls().volume("data", identities=[]),
     ERROR, "sealed", ("data",),
     "its access list is not set, or empty", "glusterops.shares.shares"),
    ("everybody", lambda w: w.with_tls().lists("*"),
     ERROR, "sealed", ("data",),
     "its access list holds '*'", "glusterops.shares.shares"),
    ("too-many", lambda w: w.with_tls().lists("tenant-b", "tenant-*"),
     ERROR, "list", ("data",),
     "its access list lets in tenant-b, tenant-*, and nobody declared that", "takes off"),
    ("missing-tenant", lambda w: w.with_tls().lists(less=["tenant-a"]),
     ERROR, "list", ("data",),
     "its access list lacks tenant-a.", "glusterops.shares.shares"),
    ("missing-server", lambda w: w.with_tls().lists(less=["glusterfs-server-server2"]),
     ERROR, "list", ("data",),
     "its access list lacks glusterfs-server-server2.", "glusterops.shares.shares"),
    ("missing-manager-of-any", lambda w: (w.with_tls().lists(less=["manila-host-1", "tenant-a"]), w.shares.clear()),
     ERROR, "list", ("data",),
     "its access list lacks manila-host-1.", "glusterops.shares.shares"),
    ("stopped-with-too-many", lambda w: (w.with_tls().volume("data", started=False), w.lists("tenant-b")),
     ERROR, "list", ("data",),
     "lets in tenant-b, and nobody", "takes off"),
    ("not-declared", lambda w: w.with_tls().stranger(),
     WARNING, "list", ("other",),
     "it is no declared share, and its access list lets in tenant-a, tenant-b", "remove_share"),
    ("declared-only", lambda w: w.with_tls().shares.update(gone=["tenant-a"]),
     WARNING, "list", ("gone",),
     "it is declared, and no cluster has it", "glusterops.shares.shares"),
    ("lasting", lambda w: w.with_tls().volume("data", {"server.dynamic-auth": "off"}),
     WARNING, "list", ("data",),
     "its server.dynamic-auth is off", "gluster volume set VOLUME server.dynamic-auth on"),
    ("unproven", lambda w: w.with_tls().volume("data", {"user.glusterops-unproven": "data"}),
     ERROR, "list", ("data",),
     "it is not proven that all its bricks go by it", "glusterops.shares.shares"),
    ("exposing", lambda w: w.with_tls().volume("data", exposing=["monday"]),
     ERROR, "list", ("data",),
     "its active snapshots monday let in others than it does", "gluster snapshot deactivate"),
    ("another-way-in", lambda w: w.with_tls().volume("data", {"features.uss": "on"}),
     ERROR, "list", ("data",),
     "it has features.uss=on (whoever is in sees all snapshots", "glusterops.shares.shares"),
    ("useless", lambda w: w.with_tls().volume("data", {"features.read-only": "on"}),
     WARNING, "list", ("data",),
     "it has features.read-only=on (nobody can write)", "Unless that is meant"),
    ("no-crl", lambda w: w.with_tls().revoking(("CN=other", "2027-02-01T00:00:00Z"), lacking=["CA (AA:BB...)"]),
     ERROR, "crl", SERVERS,
     "it has no CRL of CA (AA:BB...) that is valid now, and data has ssl.crl-path: nobody", "tls_crl=true"),
    ("no-crls", lambda w: w.with_tls().revoking(),
     ERROR, "crl", SERVERS,
     "it has no CRL of any CA that is valid now", "tls_crl=true"),
    ("crl-ended", lambda w: w.with_tls().revoking(("CN=CA", "2027-01-15T07:59:00Z"), lacking=["CA (AA:BB...)"]),
     ERROR, "crl", SERVERS,
     "it has no CRL of CA (AA:BB...) that is valid now", "tls_crl=true"),
    ("crl-ends", lambda w: w.with_tls().revoking(("CN=CA", "2027-01-01T00:00:00Z"), ("CN=CA", "2027-01-22T07:59:00Z")),
     WARNING, "crl", SERVERS,
     "its CRL of CN=CA ends on 2027-01-22 07:59 UTC, and data has", "tls_crl=true"),
    ("serves-nothing", lambda w: w.with_tls().silence(1, 3, problem="no answer (refused)"),
     ERROR, "served", ("server1:/srv/data", "server3:/srv/data"),
     "server1 gets no answer (refused)", "bricks there says more"),
    ("serves-another", lambda w: w.with_tls().serves(2, serial="0F"),
     ERROR, "served", ("server2:/srv/data",),
     "it serves the certificate 0F of glusterfs-server-server2, and server2 has 02 of glusterfs-server-server2",
     "gluster volume reset data ssl.own-cert"),
    ("serves-another-name", lambda w: w.with_tls().serves(2, common_name="glusterfs-server-server1"),
     ERROR, "served", ("server2:/srv/data",),
     "02 of glusterfs-server-server1, and server2 has 02 of glusterfs-server-server2", "ssl.private-key"),
    ("plaintext", lambda w: w.with_tls().silence(1, 2, 3, problem="it answers in plaintext", plaintext=True),
     ERROR, "plaintext", ("data",),
     "server1:/srv/data, server2:/srv/data, server3:/srv/data answer in plaintext: 3 mounts and gateways go on",
     "gluster volume stop data; gluster volume start data"),
    ("thick", lambda w: w.bricks(False),
     WARNING, "thin-bricks", tuple(f"{name}:/srv/data" for name in SERVERS),
     "no snapshots of data", "logical volumes"),
    ("no-brick", lambda w: w.bricks(None),
     WARNING, "thin-bricks", tuple(f"{name}:/srv/data" for name in SERVERS),
     "there is no such directory", "Mount"),
]
# fmt: on


@pytest.mark.parametrize(
    "spoil, severity, what, where, found, advice", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_one_thing_is_wrong(
    spoil: Spoil, severity: str, what: str, where: tuple[str, ...], found: str, advice: str
) -> None:
    """It is the only finding, stands once, and is a warning where it is tolerated."""
    world = World()
    spoil(world)
    [finding] = world.findings()
    assert (finding.severity, finding.what, finding.where) == (severity, what, where)
    assert found in finding.found + "." and advice in finding.advice
    world.tolerate = (what,)
    assert [one.severity for one in world.findings()] == [WARNING]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda w: w.two_groups() or w.apart((1, 2), (3,)),
        lambda w: w.apart((1,), (2,), (3,))
        or w.groups.update(gluster_servers=("server1",))
        or [w.told.pop("server2"), w.told.pop("server3")],
        lambda w: w.machine("server3", version="10.5"),
        # Uncertain by as much as it seems to be wrong.
        lambda w: w.clock(30.0, "host1", uncertainty=25.0),
        lambda w: w.clock(-4.5, *SERVERS),
        lambda w: w.identity("host1", not_after="2027-01-29T08:01:00Z"),
        lambda w: w.identity("host1", common_name="manila"),
        lambda w: w.cluster.update(max_op_version=None),
        lambda w: w.daemon(identities=["glusterfs-server-*"]),
        lambda w: w.bricks(True),
        # A volume that was made or deleted while one of them was down, and one that nobody asked.
        lambda w: w.told["server2"]["stored"].pop("data") and w.told["server3"].pop("stored"),
        # That there is none is said of its certificate.
        lambda w: w.identity("host2", bundle_sha256=None),
        # A name that a pattern of the infrastructure lets in all the same is not too many.
        lambda w: w.with_tls().lists("manila-host-*") or w.infrastructure.append("manila-host-*"),
        lambda w: w.with_tls().volume("data", {"ssl.crl-path": "NULL", "server.dynamic-auth": "ON"}),
        lambda w: w.with_tls().volume("data", {"user.glusterops-unproven": "-", "features.uss": "off"}),
        lambda w: w.with_tls().revoking(("CN=CA", "2027-01-22T08:01:00Z"), ("CN=other", "2027-02-01T00:00:00Z")),
        # Without declared shares nobody is too many.
        lambda w: w.with_tls().stranger() or w.shares.clear(),
        lambda w: w.with_tls().volume("data", started=False, identities=["x"]) or w.shares.clear(),
    ],
)
def test_nothing_is_wrong(spoil: Spoil) -> None:
    world = World()
    spoil(world)
    assert world.findings() == []


def test_what_a_server_has_stored_whose_glusterd_is_down() -> None:
    """Its bricks go by it until it runs again."""
    world = World()
    world.down("server2")
    world.stores("server2", {"auth.ssl-allow": "server1,tenant-a,tenant-b"})
    assert [(one.what, one.where) for one in world.findings()] == [("reachable", ("server2",)), ("stored", ("data",))]


def test_a_server_that_has_not_joined_brings_no_other_findings() -> None:
    world = World()
    world.apart((1, 2), (3,))
    world.machine("server3", op_version=110000)
    assert [finding.what for finding in world.findings()] == ["clusters"]


def test_a_silent_server_is_no_stranger() -> None:
    world = World()
    world.silent("server3")
    world.told["server1"]["peers"][1]["hostname"] = "10.0.0.3"
    assert [finding.what for finding in world.findings()] == ["reachable"]
    world.apart((1, 2, 3, 4))
    world.silent("server3")
    assert [(one.what, one.where) for one in world.findings()] == [
        ("reachable", ("server3",)),
        ("clusters", ("server4",)),
    ]


def test_what_could_not_be_checked_is_told() -> None:
    world = World()
    for name in SERVERS:
        world.silent(name)
    world.answers = {}
    made = check.checked(world.scene())
    assert made == [*("reachable", "twins", "version", "certificate", "authority", "pair", "bundle", "name", "clock")]
    last = " ".join(check_table.table(world.scene(), world.findings())[-3:])
    assert (
        "Not checked: clusters, connected, op-version, trash, rebalance, stored, self-heal, quota (nobody could tell);"
        in last
    )


def test_clients_of_an_unsealed_volume() -> None:
    world = World().with_tls()
    world.volume("data", {"client.ssl": "off", "server.ssl": "off"})
    world.silence(1, 2, 3, problem="it answers in plaintext", plaintext=True)
    [sealed, plaintext] = world.findings()
    assert sealed.what == "sealed" and "client.ssl and server.ssl off" in sealed.found
    assert plaintext.what == "plaintext" and plaintext.where == ("data",)
    assert plaintext.found == "3 mounts and gateways are connected to it in plaintext"
    world.tls["clients"]["data"] = {"glustershd": 3}
    assert [one.what for one in world.findings()] == ["sealed"]


def test_what_a_server_serves_that_tells_nothing() -> None:
    """Its certificate is judged by itself."""
    world = World().with_tls()
    world.silent("server2")
    world.disconnected("server2")
    world.serves(2, not_after="2027-01-20T08:00:00Z", serial="0F")
    assert [(one.severity, one.what, one.where) for one in world.findings()] == [
        (ERROR, "reachable", ("server2",)),
        (WARNING, "served", ("server2:/srv/data",)),
    ]
    world.serves(2, not_after="2027-01-15T08:00:00Z")
    assert [one.severity for one in world.findings() if one.what == "served"] == [ERROR]


def test_a_share_is_not_missed_where_a_cluster_told_nothing() -> None:
    world = World().with_tls()
    world.shares["gone"] = []
    assert [one.what for one in world.findings()] == ["list"]
    world.answers["gluster_servers"] = {"msg": "gluster is busy."}
    assert [one.what for one in world.findings()] == ["reachable"]


def test_volumes_carry_the_name_of_their_cluster_where_there_are_several() -> None:
    world = World()
    world.two_groups()
    world.apart((1, 2), (3,))
    for told in world.answers.values():
        told["cluster"]["daemons"]["data"]["healers"] = daemons(2, 1)
    [finding] = world.findings()
    assert finding.where == ("left/data", "right/data")


def test_the_table() -> None:
    world = World()
    world.bricks(False)
    world.silent("host1")
    lines = check_table.table(world.scene(), world.findings())
    assert lines == [
        "SEVERITY CHECK       WHERE                    WHAT WAS FOUND, AND WHAT TO DO",
        "",
        "ERROR    reachable   host1                    nothing is known of it: Connection refused.",
        "                                              -> See that it runs, and that ssh, sudo and Python",
        "                                                 work there.",
        "",
        "WARNING  thin-bricks server1:/srv/data,       not on a thin logical volume of LVM, so no snapshots",
        "                     server2:/srv/data,       of data.",
        "                     server3:/srv/data        -> Make volumes that shall have snapshots on such",
        "                                                 logical volumes, or on ZFS with GlusterFS 11.",
        "",
        "1 error and 1 warning on 5 machines, 3 of them servers.",
        "Checked: reachable, twins, version, clusters, connected, op-version, certificate, authority, pair,",
        "bundle, name, clock, trash, rebalance, stored, self-heal, quota, thin-bricks.",
        "Not checked: sealed, list, crl, served, plaintext (nobody asked for TLS).",
    ]


def test_a_long_list_is_cut_in_the_table_only() -> None:
    world = World()
    world.told.update({f"web{number}": {"msg": "gone"} for number in range(20)})
    [finding] = world.findings()
    assert len(finding.where) == 20
    assert "web5 and 14 more" in " ".join(" ".join(check_table.table(world.scene(), [finding])).split())


def test_long_names_are_not_broken() -> None:
    world = World()
    name = "storage-node-17.rack-4.frankfurt.example.com"
    world.told[name] = {"msg": "gone"}
    assert f" {name}  nothing is known of it" in "\n".join(check_table.table(world.scene(), world.findings()))


def test_a_cluster_has_servers() -> None:
    world = World()
    world.groups.update(gluster_servers=())
    with pytest.raises(BadInput, match="clusters: 'gluster_servers' has no servers"):
        world.scene()


@pytest.mark.parametrize(
    "spoil, where",
    [
        (lambda w: w.told["host1"].update(machine={"version": "10.3"}), "host1"),
        (lambda w: w.told["host1"].update(machine="well"), "host1"),
        (lambda w: w.identity("host1", not_after="soon"), "host1"),
        (lambda w: w.told["server1"].update(peers=["server2"]), "server1"),
        (lambda w: w.with_tls().volume("data", identities=None), "gluster_servers"),
        (lambda w: w.with_tls().serves(1, not_after="soon"), "gluster_servers"),
        (lambda w: w.daemon(healers={"online": 1}), "gluster_servers"),
    ],
)
def test_what_cannot_be_read_is_the_trouble_of_who_told_it(spoil: Spoil, where: str) -> None:
    world = World()
    spoil(world)
    found = [one for one in world.findings() if "what it told is not what gluster_info returns" in one.found]
    assert [(one.severity, one.what, one.where) for one in found] == [("error", "reachable", (where,))]
    assert len(world.scene().told) == len(world.told) - (where != "gluster_servers")


def test_names_stand_once() -> None:
    one = scene.read_machine("host1", None, {})
    with pytest.raises(BadInput, match="'host1' stands more than once"):
        scene.Scene([one, one], [], (), NOW)
