# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter lay_out_shares: from what the inventory declares and servers told, to bricks and sentences."""

from __future__ import annotations

import copy
import json
import random
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.lay_out_shares import FilterModule
from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from hypothesis import given, settings
from hypothesis import strategies as st

lay_out_shares = FilterModule().filters()["lay_out_shares"]

GIB = 1024**3
Values = t.Dict[str, t.Any]


def place(path: str = "/srv", free: int = 10 * GIB, **other: t.Any) -> Values:
    """As gluster_info tells of storage."""
    its: Values = {
        "path": path,
        "kind": "device" if path.startswith("/dev/") else "directory",
        "state": "ready",
        "problem": None,
        "identity": path,
        "root": False,
        "size": free,
        "free": free,
        "promised": 0,
        "used": 0,
        "bricks": [],
    }
    return {**its, **other}


def brick(name: str, size: int, **other: t.Any) -> Values:
    return {"name": name, "volume": "data", "path": "/whatever", "size": size, "state": "whole", **other}


def server(*storage: t.Any, **other: t.Any) -> Values:
    return {"address": "", "cluster": "c", "storage": list(storage) or ["/srv"], **other}


class Site:
    """Three servers with a directory each, and no volumes; to be changed by the tests."""

    def __init__(self, *free: int) -> None:
        sizes = free or (10 * GIB,) * 3
        self.servers = {f"s{number}": server(address=f"s{number}.lab") for number in range(1, len(sizes) + 1)}
        self.looks: Values = {name: {"storage": [place(free=size)]} for name, size in zip(self.servers, sizes)}
        self.clusters: Values = {"c": {"volumes": []}}

    def lay_out(self, *shares: t.Any, **other: t.Any) -> Values:
        found = lay_out_shares(list(shares), self.servers, self.looks, self.clusters, **other)
        assert json.loads(json.dumps(found)) == found
        return t.cast(Values, found)

    def make(self, found: Values, used: bool | None = True) -> None:
        """What there is when the servers have made their bricks, without volumes."""
        for host, bricks in found["bricks"].items():
            for one in bricks:
                storage = next(its for its in self.looks[host]["storage"] if its["path"] == one["storage"])
                before = next((its for its in storage["bricks"] if its["name"] == one["name"]), None)
                storage["free"] -= one["size"] - (before["size"] if before else 0)
                if before:
                    before["size"] = one["size"]
                else:
                    storage["bricks"].append(brick(one["name"], one["size"], used=used))

    def create(self, found: Values) -> None:
        volumes = self.clusters["c"]["volumes"]
        for name, layout in {**found["layouts"], **found["grown"]}.items():
            volumes[:] = [its for its in volumes if its["name"] != name] + [{"name": name, "made_of": layout}]

    def carry_out(self, *shares: t.Any) -> Values:
        found = self.lay_out(*shares)
        assert found["problem"] == ""
        self.make(found)
        self.create(found)
        return found


def problem(site: Site, *shares: t.Any, **other: t.Any) -> str:
    found = site.lay_out(*shares, **other)
    assert not found["bricks"] and not found["layouts"] and not found["grown"] and not found["lines"]
    return t.cast(str, found["problem"])


DATA = {"name": "data", "size": "4G"}


# ---- what is done ----------------------------------------------------------------------------------------------------


def test_a_new_share() -> None:
    assert Site().lay_out(DATA) == {
        "problem": "",
        "warnings": [],
        "bricks": {
            f"s{number}": [{"name": f"brick_data_{number}", "storage": "/srv", "size": 4 * GIB}] for number in (1, 2, 3)
        },
        "layouts": {
            "data": {
                "bricks": [f"s{number}.lab:/srv/brick_data_{number}/brick" for number in (1, 2, 3)],
                "replica": 3,
                "arbiter": 0,
                "disperse": 0,
                "redundancy": 0,
            }
        },
        "grown": {},
        "clusters": {"data": "c"},
        "lines": [f"data: s{number}:/srv/brick_data_{number}/brick 4G" for number in (1, 2, 3)],
    }


def test_nothing_to_do() -> None:
    site = Site()
    site.carry_out(DATA)
    found = site.lay_out(DATA, durability="disperse-2+1")
    assert found["clusters"] == {"data": "c"}
    assert not any(found[key] for key in ("problem", "warnings", "bricks", "layouts", "grown", "lines"))


def test_a_share_grows_in_place_and_then_by_a_set() -> None:
    site = Site()
    site.carry_out(DATA)
    found = site.carry_out({"name": "data", "size": "6G"})
    assert found["lines"] == [f"data: s{number}:/srv/brick_data_{number}/brick 4G -> 6G" for number in (1, 2, 3)]
    assert found["grown"]["data"]["bricks"] == [f"s{number}.lab:/srv/brick_data_{number}/brick" for number in (1, 2, 3)]
    for number in (1, 2, 3):
        site.servers[f"s{number}"]["storage"].append({"path": "/dev/sdb"})
        site.looks[f"s{number}"]["storage"].append(place("/dev/sdb", 64 * GIB))
    found = site.carry_out({"name": "data", "size": "20G"})
    assert [line for line in found["lines"] if "s1:" in line] == [
        "data: s1:/var/lib/glusterops/bricks/brick_data_4/brick 10452M on /dev/sdb",
        "data: s1:/srv/brick_data_1/brick 6G -> 10G",
    ]
    assert len(found["grown"]["data"]["bricks"]) == 6 and found["layouts"] == {}


def test_durability_sets_and_tags() -> None:
    site = Site()
    site.servers["s1"]["tags"] = "new, ssd"
    site.servers["s2"]["storage"] = [{"path": "/srv", "tags": ["ssd"]}]
    found = site.lay_out({**DATA, "durability": "replicate-2", "sets": 2, "tags": ["ssd"]})
    assert sorted(found["bricks"]) == ["s1", "s2"]
    assert found["layouts"]["data"]["replica"] == 2 and len(found["layouts"]["data"]["bricks"]) == 4


def test_zones() -> None:
    site = Site(GIB, 9 * GIB, 9 * GIB, 9 * GIB)
    for name, zone in (("s1", 1), ("s2", 2), ("s3", 2), ("s4", 3)):
        site.servers[name]["zone"] = zone
    assert sorted(site.lay_out({"name": "data", "size": "1G"})["bricks"]) == ["s1", "s2", "s4"]


def test_numbers_of_bricks_are_used_once() -> None:
    site = Site()
    site.looks["s3"]["storage"][0]["bricks"] = [brick("brick_data_7", GIB), brick("brick_other_9", GIB)]
    found = site.lay_out(DATA)
    assert [one["name"] for its in found["bricks"].values() for one in its] == [f"brick_data_{k}" for k in (8, 9, 10)]
    assert found["warnings"] == ["s3: brick_data_7 is in no volume, and takes 1G of /srv."]


def test_an_interrupted_run_is_finished() -> None:
    site = Site()
    first = site.lay_out(DATA)
    site.make({"bricks": {"s2": first["bricks"]["s2"]}}, used=False)
    found = site.lay_out(DATA)
    assert found["bricks"]["s2"] == [{"name": "brick_data_2", "storage": "/srv", "size": 4 * GIB}]
    assert [one["name"] for host in ("s1", "s3") for one in found["bricks"][host]] == ["brick_data_3", "brick_data_4"]
    assert not found["warnings"]
    # Interrupted again.
    site.make({"bricks": {"s3": found["bricks"]["s3"]}}, used=False)
    again = site.lay_out(DATA)
    assert again["bricks"]["s3"] == found["bricks"]["s3"] and again["bricks"]["s2"] == found["bricks"]["s2"]
    assert not again["warnings"]
    site.looks["s3"]["storage"] = [place()]
    # Half made is unused, whatever is told.
    site.looks["s2"]["storage"][0]["bricks"][0].update(state="partial", used=None)
    assert site.lay_out(DATA) == found


def test_a_growth_that_was_interrupted_is_finished() -> None:
    site = Site()
    site.carry_out(DATA)
    for look in site.looks.values():
        look["storage"][0]["free"] = 0
    for name in site.servers:
        site.servers[name]["storage"].append("/more")
        site.looks[name]["storage"].append(place("/more", 9 * GIB))
    more = {"name": "data", "size": "8G"}
    first = site.lay_out(more)
    site.make(first, used=False)
    found = site.lay_out(more)
    assert {key: found[key] for key in ("bricks", "grown")} == {key: first[key] for key in ("bricks", "grown")}
    site.create(found)
    assert not site.lay_out(more)["lines"]


def test_several_clusters() -> None:
    site = Site()
    for number in (4, 5, 6):
        site.servers[f"s{number}"] = server(address=f"s{number}", cluster="d")
        site.looks[f"s{number}"] = {"storage": [place(free=20 * GIB)]}
    site.clusters["d"] = {"volumes": []}
    found = site.lay_out({"name": "large", "size": "15G"}, DATA, {"name": "one", "size": "1G", "cluster": "d"})
    assert found["clusters"] == {"large": "d", "data": "c", "one": "d"}
    assert problem(site, {"name": "x", "size": "30G"}) == (
        "share 'x': there is no room for 30G with replicate-3: d: free 20G on s4 /srv, 20G on s5 /srv, 20G on s6 /srv;"
        " 20G would fit, on s4 /srv, s5 /srv, s6 /srv. c: free 10G on s1 /srv, 10G on s2 /srv, 10G on s3 /srv; 10G"
        " would fit, on s1 /srv, s2 /srv, s3 /srv."
    )
    assert problem(site, {**DATA, "cluster": "e"}) == "share 'data': cluster 'e' is none of c, d."
    site.carry_out({**DATA, "cluster": "c"})
    assert site.lay_out(DATA)["clusters"] == {"data": "c"}
    assert problem(site, {**DATA, "cluster": "d"}) == "share 'data' is declared on the cluster d, and is on c."
    site.clusters["d"]["volumes"].append({"name": "data", "made_of": None})
    assert problem(site, DATA) == (
        "share 'data': there is a volume 'data' on the clusters c and d: rename one by hand."
    )


def test_overcommit() -> None:
    site = Site()
    assert "there is no room" in problem(site, {"name": "data", "size": "15G"})
    for name in site.servers:
        site.servers[name]["overcommit"] = 2.0
    found = site.carry_out({"name": "data", "size": "15G"})
    assert found["warnings"] == []
    site.servers["s2"]["overcommit"] = 1.6
    site.servers["s3"]["overcommit"] = 1
    assert site.lay_out({"name": "data", "size": "15G"})["warnings"] == [
        "s2: /srv has promised 93 % of what it may (servers_overcommit 1.6).",
        "s3: /srv has promised 150 % of what it may (servers_overcommit 1), so nothing more is put there: give the"
        " server more storage, or allow more.",
    ]
    assert problem(site, {"name": "more", "size": "1G"}).endswith(
        "free 5G on s1 /srv, 1G on s2 /srv, 0G on s3 /srv; nothing fits."
    )


def test_it_is_told_from_four_fifths_on() -> None:
    assert not Site().lay_out({"name": "data", "size": "7.9G"})["warnings"]
    assert len(Site().lay_out({"name": "data", "size": "8G"})["warnings"]) == 3


def test_storage_that_cannot_be_used() -> None:
    site = Site(*[9 * GIB] * 6)
    site.looks["s1"]["storage"][0].update(state="foreign", problem="it has a file system, ext4.")
    site.looks["s2"]["storage"] = []
    site.looks["s3"] = {"unreachable": True, "msg": "No route to host."}
    site.servers["s4"]["storage"].append("/dev/sdb")
    site.looks["s4"]["storage"].append(place("/dev/sdb", state="missing", identity=""))
    # A place of ours that is not declared any more.
    site.looks["s5"]["storage"].append(place("/old", 99 * GIB))
    found = site.lay_out(DATA)
    assert found["warnings"] == [
        "s1: /srv gets no bricks: it has a file system, ext4.",
        "s2 did not tell of /srv, so it gets no bricks.",
        "s3 did not tell its storage, so it gets no bricks: No route to host.",
        "s4: /dev/sdb gets no bricks: missing.",
    ]
    assert found["bricks"].keys() == {"s4", "s5", "s6"}
    assert {one["storage"] for its in found["bricks"].values() for one in its} == {"/srv"}


def test_a_blank_device_gets_bricks() -> None:
    site = Site(9 * GIB)
    site.servers["s1"]["storage"] = ["/dev/sdb"]
    site.looks["s1"]["storage"] = [place("/dev/sdb", state="blank")]
    assert site.lay_out({**DATA, "durability": "none"})["bricks"] == {
        "s1": [{"name": "brick_data_1", "storage": "/dev/sdb", "size": names.needed("device", 4 * GIB)}]
    }


def test_a_server_that_is_silent_is_only_asked_where_it_is_needed() -> None:
    site = Site()
    site.carry_out(DATA)
    site.looks["s2"] = {"failed": True, "msg": "it broke"}
    assert site.lay_out(DATA)["problem"] == ""
    more = {"name": "data", "size": "5G"}
    assert problem(site, more) == (
        "share 'data' has to grow, and s2, which has a brick of it, did not tell its storage (it broke): run again when"
        " it does."
    )
    site.looks["s2"] = {"storage": [place()]}
    assert problem(site, more) == (
        "share 'data' has to grow, and s2 tells of no brick_data_2 on its storage: mend that first."
    )
    del site.servers["s2"]
    assert problem(site, more) == (
        "share 'data' has to grow, and no server of c in the inventory has its brick's address s2.lab: see"
        " servers_address."
    )


# ---- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "sentence"),
    [
        ("data", "share 'data' is not a dictionary."),
        ({"size": "1G"}, "share None is not a volume name"),
        ({"name": "x" * 65, "size": "1G"}, "has a name of 65 letters, and a volume on servers' storage at most 64"),
        ({"name": "data"}, "data: size is missing."),
        ({"name": "data", "size": 5}, "data: size 5 is not a size"),
        ({**DATA, "durability": "arbiter"}, "data: durability 'arbiter' is none of none, replicate-2"),
        ({**DATA, "durability": "disperse-2+2"}, "data: durability 'disperse-2+2' is none that Gluster has"),
        ({**DATA, "sets": 0}, "data: sets 0 must be from 1 to 170."),
        ({**DATA, "sets": 171}, "data: sets 171 must be from 1 to 170."),
        ({**DATA, "sets": 1.5}, "data: sets 1.5 is not a whole number."),
        ({**DATA, "tags": {"a": 1}}, "data: tags {'a': 1} is not a list of words."),
    ],
)
def test_a_share_that_is_none(share: t.Any, sentence: str) -> None:
    assert sentence in problem(Site(), {"name": "fine", "size": "1G"}, share)


def test_a_share_twice() -> None:
    assert problem(Site(), DATA, DATA) == "share 'data' stands more than once in the list."


def test_too_few_servers_and_zones() -> None:
    site = Site(9 * GIB, 9 * GIB)
    assert problem(site, DATA) == (
        "share 'data': there is no room for 4G with replicate-3: replicate-3 needs 3 servers with storage, and there"
        " are 2 (s1, s2)."
    )
    site = Site()
    site.servers["s1"]["zone"] = site.servers["s2"]["zone"] = "a"
    assert problem(site, {**DATA, "durability": "disperse-2+1"}).endswith(
        "disperse-2+1 needs 3 zones with storage, and there are 2 (that of servers without one, a)."
    )


def test_what_would_fit_and_where() -> None:
    assert problem(Site(3 * GIB, 10 * GIB, 10 * GIB), DATA) == (
        "share 'data': there is no room for 4G with replicate-3: free 10G on s2 /srv, 10G on s3 /srv, 3G on s1 /srv; 3G"
        " would fit, on s2 /srv, s3 /srv, s1 /srv."
    )


def test_all_that_is_wrong_is_told_at_once() -> None:
    text = problem(Site(), *({"name": f"v{number}", "size": "11G"} for number in range(7)))
    assert text.startswith("7 shares cannot be laid out, so nothing was changed: share 'v0': there is no room for 11G")
    assert text.endswith("And 2 more.") and text.count("10G would fit") == 5


def test_a_name_that_is_too_long_for_a_device() -> None:
    site = Site(9 * GIB)
    site.servers["s1"]["storage"] = ["/dev/sdb"]
    site.looks["s1"]["storage"] = [place("/dev/sdb")]
    # Whatever a server says its bricks are called is nobody else's trouble.
    site.looks["s1"]["storage"][0]["bricks"] = [brick(f"brick_a{'-' * 60}_1", GIB), brick("../..", GIB)]
    share = {"name": f"a{'-' * 60}b", "size": "1G", "durability": "none"}
    assert "would have a name that is too long for the kernel" in problem(site, share)
    assert site.lay_out({**share, "name": "data"})["problem"] == ""


def test_servers_twice() -> None:
    site = Site()
    site.servers["s3"].update(address="S1.lab", cluster="d")
    site.clusters["d"] = {"volumes": []}
    assert problem(site, DATA) == (
        "s1 and s3 in the clusters c and d are one server: both have the address s1.lab. Let the inventory have a"
        " server once, in one cluster."
    )
    site.servers["s3"].update(address="s3.lab")
    for name in ("s1", "s3"):
        site.looks[name]["peers"] = [{"uuid": "u1", "hostname": "localhost"}, {"uuid": "u2", "hostname": "s2.lab"}]
    assert problem(site, DATA).startswith("s1 and s3 in the clusters c and d are one server: its glusterd answers to")


def test_storage_twice() -> None:
    site = Site()
    site.servers["s1"]["storage"] = ["/srv", "/srv/"]
    assert problem(site, DATA) == "s1: servers_storage: /srv/ stands twice in the list: take one away."
    site.servers["s1"]["storage"] = ["/dev/sdb", "/dev/disk/by-id/x"]
    site.looks["s1"]["storage"] = [place("/dev/sdb"), place("/dev/disk/by-id/x", identity="/dev/sdb")]
    assert problem(site, DATA) == ("s1: servers_storage: /dev/sdb and /dev/disk/by-id/x are one device: take one away.")
    # Two directories on one file system are fine, and count once.
    site.servers["s1"]["storage"] = ["/a", "/b"]
    site.looks["s1"]["storage"] = [place("/a", identity="fs"), place("/b", identity="fs")]
    assert site.lay_out(DATA)["bricks"]["s1"][0]["storage"] == "/a"
    assert "there is no room" in problem(site, DATA, {"name": "more", "size": "7G"})


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"storage": ["sdb"]}, "s1: servers_storage: 'sdb' is neither a path nor a dictionary with one."),
        ({"storage": [{"tags": []}]}, "s1: servers_storage: {'tags': []} is neither a path nor a dictionary with one."),
        ({"tags": 5}, "s1: servers_tags 5 is not a list of words."),
        ({"storage": [{"path": "/srv", "tags": [5]}]}, "s1: servers_storage: tags of /srv [5] is not a list of words."),
        ({"overcommit": 0.5}, "s1: servers_overcommit 0.5 must be from 1 to 100."),
        ({"overcommit": True}, "s1: servers_overcommit True must be from 1 to 100."),
    ],
)
def test_a_server_that_is_declared_wrong(declared: Values, sentence: str) -> None:
    site = Site()
    site.servers["s1"].update(declared)
    assert problem(site, DATA) == sentence


def test_what_is_there_stands_in_the_way() -> None:
    site = Site()
    site.clusters["c"]["volumes"] = [{"name": "data", "made_of": None}]
    assert problem(site, DATA) == (
        "share 'data' is declared with provisioner: servers, and there is a volume 'data' that was not made on servers'"
        " storage: rename the share, or say where its volume is from."
    )
    site = Site()
    site.make(site.lay_out(DATA), used=True)
    assert problem(site, DATA) == (
        "share 'data' has no volume, and something is in s1.lab:/srv/brick_data_1/brick, which was made for it: get its"
        " volume back, or have what is left of it removed (gluster_bricks, deleted_volumes)."
    )
    site = Site()
    site.carry_out(DATA)
    assert problem(site, {**DATA, "durability": "disperse-2+1"}) == (
        "share 'data' is declared with durability disperse-2+1, and its volume has replicate-3, which cannot be"
        " changed: declare that, or make another share."
    )


@pytest.mark.parametrize("told", [None, {}, {"volumes": None}])
def test_a_cluster_that_could_not_tell(told: t.Any) -> None:
    site = Site()
    site.clusters["c"] = told
    assert problem(site, DATA) == "c could not tell what is there, so no bricks can be placed."


@pytest.mark.parametrize(
    "change",
    [
        {"bricks": []},
        {"bricks": ["s1.lab:/srv/brick_data_1/brick"]},
        {"bricks": [f"s{number}.lab:/srv/brick_other_{number}/brick" for number in (1, 2, 3)]},
        {"bricks": 5},
        {"replica": 0},
        {"replica": "3"},
        {"redundancy": 2},
        {"replica": 12},
    ],
)
def test_a_volume_that_cannot_be_understood(change: Values) -> None:
    site = Site()
    site.carry_out(DATA)
    made = site.clusters["c"]["volumes"][0]["made_of"]
    site.clusters["c"]["volumes"][0]["made_of"] = {**made, **change}
    assert problem(site, DATA) == "What c told of the bricks of 'data' cannot be understood."


@pytest.mark.parametrize(
    ("key", "value"), [("size", "10"), ("free", True), ("path", 5), ("bricks", None), ("bricks", [{}]), ("state", None)]
)
def test_a_server_that_cannot_be_understood(key: str, value: t.Any) -> None:
    site = Site()
    site.looks["s2"]["storage"][0][key] = value
    found = site.lay_out({**DATA, "durability": "replicate-2"})
    assert found["bricks"].keys() == {"s1", "s3"}
    assert found["warnings"] == ["s2 did not tell its storage, so it gets no bricks: it told nothing."]


# ---- whatever there is -----------------------------------------------------------------------------------------------

SHARES = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["a", "b", "c"]),
            "size": st.integers(1, 12).map(lambda size: f"{size}G"),
            "durability": st.sampled_from(["none", "replicate-2", "replicate-3-arbiter", "disperse-2+1"]),
        }
    ),
    max_size=3,
    unique_by=lambda share: share["name"],
)


def shuffled(value: t.Any, order: random.Random) -> t.Any:
    """The same, with its dictionaries in another order."""
    if isinstance(value, dict):
        items = list(value.items())
        order.shuffle(items)
        return {key: shuffled(one, order) for key, one in items}
    return [shuffled(one, order) for one in value] if isinstance(value, list) else value


@settings(max_examples=25)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=5), st.lists(SHARES, min_size=1, max_size=3), st.randoms())
def test_a_life_of_shares(sizes: list[int], runs: list[list[Values]], order: random.Random) -> None:
    """Never more promised than there is, nothing shrinks or moves, no name twice, and nothing is left to do."""
    site = Site(*(size * GIB for size in sizes))
    ever: set[tuple[str, str]] = set()
    for shares in runs:
        before = copy.deepcopy(site.looks)
        old = {volume["name"]: volume["made_of"]["bricks"] for volume in site.clusters["c"]["volumes"]}
        found = site.lay_out(*shares)
        again = [shuffled(one, order) for one in (site.servers, site.looks, site.clusters)]
        assert lay_out_shares(shares, *again) == found
        site.make(found)
        site.create(found)
        for host, look in site.looks.items():
            (storage,), (was,) = look["storage"], before[host]["storage"]
            assert storage["free"] >= 0
            now = {one["name"]: one["size"] for one in storage["bricks"]}
            assert all(now[one["name"]] >= one["size"] for one in was["bricks"])
            new = {(share, name) for name in now for share in "abc" if name.startswith(f"brick_{share}_")}
            known = {one["name"] for one in was["bricks"]}
            assert not {one for one in new if one[1] not in known} & ever
            ever |= new
        for volume in site.clusters["c"]["volumes"]:
            assert volume["made_of"]["bricks"][: len(old.get(volume["name"], []))] == old.get(volume["name"], [])
        if not found["problem"]:
            settled = site.lay_out(*shares)
            assert not settled["lines"] and not settled["problem"]
