# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import pathlib
import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._shares import differing, holding
from ansible_collections.glusterops.shares.plugins.module_utils._shares.placement import place, read_shares
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster, reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import LOOKUP, PROMPT
from ansible_collections.glusterops.shares.plugins.modules import gluster_info
from recorded import VERSIONS, Recorded

GIB = 1024**3
SERVERS = ["glusterfs-server1", "glusterfs-server2", "glusterfs-server3"]
PATTERN = "pool-#{size}G-[0-9]+"
HEKETI, POOL = {"provisioner": "heketi"}, {"provisioner": "pool", "pattern": PATTERN}
CLONE = {"provisioner": "snapshot", "from_snapshot": "monday"}


HEKETI_ID = {"user.heketi.id": "0a1b"}


class Like(Recorded):
    """A recorded answer about all volumes with others instead, which are like its sealed one; then recorded ones.

    others: name to the options that it has besides, None for one that it has not; status and bricks where they differ.
    """

    def __init__(self, version: str, others: t.Mapping[str, t.Mapping[str, str | None]], *names: str) -> None:
        super().__init__(version, *names)
        root = ET.fromstring(self.text("volume-info-all.xml"))
        volumes = t.cast(ET.Element, root.find("volInfo/volumes"))
        found = {volume.findtext("name"): volume for volume in volumes.iterfind("volume")}
        for volume in found.values():
            volumes.remove(volume)
        volumes.extend(_like(found["sealed"], name, options) for name, options in others.items())
        self.volumes = ET.tostring(root, encoding="unicode", xml_declaration=True)

    def __call__(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        if argv[-2:] == ["volume", "info"]:
            self.calls.append(argv)
            return 0, self.volumes, ""
        return super().__call__(argv, **options)


def _like(sealed: ET.Element, name: str, changed: t.Mapping[str, str | None]) -> ET.Element:
    volume, changed = copy.deepcopy(sealed), {**PROMPT, **LOOKUP, **HEKETI_ID, **changed}
    t.cast(ET.Element, volume.find("name")).text = name
    t.cast(ET.Element, volume.find("statusStr")).text = changed.pop("status", "Started")
    bricks = changed.pop("bricks", "/srv/bricks")
    for brick in volume.iterfind("bricks/brick"):
        element = t.cast(ET.Element, brick.find("name"))
        element.text = f"{(element.text or '').partition(':')[0]}:{bricks}/{name}"
    options = t.cast(ET.Element, volume.find("options"))
    for option in list(options):
        if option.findtext("name") in changed:
            options.remove(option)
    for key, value in changed.items():
        if value is not None:
            option = ET.SubElement(options, "option")
            ET.SubElement(option, "name").text, ET.SubElement(option, "value").text = key, value
    return volume


def marked(
    name: str, state: str = holding.IN_USE, origin: str = holding.POOL, share: str = "data"
) -> dict[str, str | None]:
    return {**holding.mark(share, name, state, origin)}


def entry(**others: t.Any) -> dict[str, t.Any]:
    return {"name": "data", "size": "1G", "identities": ["tenant-a"], **others}


def declared(*entries: dict[str, t.Any], **how: t.Any) -> dict[str, t.Any]:
    return {"shares": list(entries), "infrastructure": SERVERS, **how}


def asks(run: Recorded) -> list[dict[str, t.Any]]:
    """What gluster_info tells of the volumes, as it arrives."""
    volumes = answers.volumes(GlusterCli(run))
    return json.loads(json.dumps([gluster_info._volume(volume) for volume in volumes.values()]))


PLAIN: dict[str, t.Any] = {"data": {}}
OF_POOL = {"pool-1G-1": marked("pool-1G-1")}
SNAPSHOTS = ("snapshot-info-none.xml",)
LIMIT = ("volume-status-all.xml", "quota-list.xml")

# What volumes there are, what is declared, and whether nothing has to be done.
CASES: dict[str, tuple[dict[str, t.Any], dict[str, t.Any], bool]] = {
    "as declared": (PLAIN, declared(entry()), True),
    "of a pool": (OF_POOL, declared(entry(**POOL)), True),
    "the list's own pattern": (OF_POOL, declared(entry(), provisioner="pool", pattern=PATTERN), True),
    "a clone": ({"data": marked("data", origin="snapshot:monday")}, declared(entry(**CLONE)), True),
    "another tenant": (PLAIN, declared(entry(identities=["tenant-b"])), False),
    "one tenant less": (PLAIN, declared(entry(identities=[])), False),
    "one more tenant": (PLAIN, declared(entry(identities="tenant-a, tenant-b")), False),
    "one server more": (PLAIN, {**declared(entry()), "infrastructure": [*SERVERS, "glusterfs-server4"]}, False),
    "more options": (PLAIN, declared(entry(volume_options={"nfs.disable": True})), True),
    "other options": (PLAIN, declared(entry(volume_options={"performance.quick-read": False})), False),
    "cut off": ({"data": {"server.dynamic-auth": "on"}}, declared(entry()), True),
    "not cut off": ({"data": {"server.dynamic-auth": "off"}}, declared(entry()), False),
    "not proven": ({"data": {holding.UNPROVEN: "data"}}, declared(entry()), False),
    "rebalanced with losses": ({"data": {"cluster.lookup-optimize": "on"}}, declared(entry()), False),
    "exported besides": ({"data": {"nfs.disable": "off"}}, declared(entry()), False),
    "not marked": ({"data": {"user.heketi.id": None}}, declared(entry()), False),
    "not sealed": ({"data": {"client.ssl": "off"}}, declared(entry()), False),
    "not sealed, to be restarted": ({"data": {"server.ssl": None}}, declared(entry(), restart=True), False),
    "open to all": ({"data": {"auth.ssl-allow": "*"}}, declared(entry()), False),
    "other CRLs": (PLAIN, declared(entry(volume_options={"ssl.crl-path": "/crl"})), False),
    "stopped": ({"data": {"status": "Stopped"}}, declared(entry()), False),
    "no quota": ({"data": {"features.quota": "off"}}, declared(entry()), False),
    "slow quota": ({"data": {"features.soft-timeout": None}}, declared(entry()), False),
    "preparing": ({"pool-1G-1": marked("pool-1G-1", holding.PREPARING)}, declared(entry(**POOL)), False),
    "counting": (
        {"data": marked("data", holding.COUNTING, "snapshot:monday")},
        declared(entry(**CLONE)),
        False,
    ),
    "releasing": ({"pool-1G-1": marked("pool-1G-1", holding.RELEASING)}, declared(entry(**POOL)), False),
    "two that hold it": ({**OF_POOL, "pool-1G-2": marked("pool-1G-2")}, declared(entry(**POOL)), False),
    "a claim besides": (
        {**OF_POOL, "pool-1G-2": marked("pool-1G-2", holding.PREPARING)},
        declared(entry(**POOL)),
        False,
    ),
    "its name and its mark": ({**PLAIN, **OF_POOL}, declared(entry()), False),
    "not of the pool": (PLAIN, declared(entry(**POOL)), False),
    "no clone": (PLAIN, declared(entry(**CLONE)), False),
    "a clone unfinished": (
        {"data": {"status": "Created", "bricks": "/run/gluster/snaps/0ab/brick1"}},
        declared(entry(**CLONE)),
        False,
    ),
    "larger than its volume": (OF_POOL, declared(entry(**POOL, size="2G")), False),
}
ASKS_FOR_SNAPSHOTS = ("no clone", "a clone unfinished")


@pytest.mark.parametrize(
    "case, version",
    # Where snapshots are asked for, of the versions whose answer was recorded.
    [(case, one) for case in CASES for one in VERSIONS if not (case in ASKS_FOR_SNAPSHOTS and one == "9.2")],
)
def test_those_do_not_differ_for_which_gluster_shares_does_nothing(
    case: str, version: str, tmp_path: pathlib.Path
) -> None:
    others, wanted, nothing = CASES[case]
    shares = read_shares(**wanted)
    limits = {name: shares[0].size for name in others}
    run = Like(version, others, *SNAPSHOTS)
    cluster = LiveCluster(GlusterCli(run), limits, str(tmp_path), str(tmp_path / "locks"), lambda _seconds: None)
    try:
        does = bool(reconcile(cluster, shares, check_mode=True)[0])
    except GlusterOpsError:
        does = True
    assert does != nothing
    told = asks(Like(version, others))
    assert differing.Comparison(wanted, told).differing() == ([] if nothing else ["data"])
    # What the role makes of it.
    found = {"volumes": told, "differing": differing.Comparison(wanted, told).differing(), "limits": [limits]}
    how = {key: wanted[key] for key in ("provisioner", "pattern") if key in wanted}
    try:
        assert place(wanted["shares"], {"a": found}, **how)[0]["differs"] != nothing
    except GlusterOpsError:
        assert not nothing


def test_a_limit_that_is_another_is_found_by_those_who_know_it(tmp_path: pathlib.Path) -> None:
    others: dict[str, t.Any] = {"sealed": {}}
    larger = entry(name="sealed", size="2G")
    cluster = LiveCluster(
        GlusterCli(Like("10.3", others, *LIMIT)),
        {"sealed": GIB},
        str(tmp_path),
        str(tmp_path / "locks"),
        lambda _seconds: None,
    )
    (change,) = reconcile(cluster, read_shares(**declared(larger)), check_mode=True)[0]
    assert (change.what, change.before, change.after) == ("size", "1G", "2G")
    told = asks(Like("10.3", others))
    assert differing.Comparison(declared(larger), told).differing() == []
    found = {"volumes": told, "differing": [], "limits": [{"sealed": GIB}]}
    assert [one["differs"] for one in place([larger], {"a": found})] == [True]


@pytest.mark.parametrize(
    "limits, differs",
    [
        ([{"data": GIB}], False),
        ([{"data": GIB}, {"data": GIB}, {"other": 7}, {}], False),
        ([{"data": 2 * GIB}], True),
        ([{"data": GIB}, {"data": 2 * GIB}], True),
        ([{"data": None}], True),
        ([{"data": GIB}, {"data": None}], True),
        ([{"other": GIB}], True),
        ([], True),
        # A server that answered and could not tell.
        ([{"data": GIB}, None], True),
    ],
)
def test_limits_are_right_where_all_who_know_them_agree(
    limits: list[dict[str, int | None] | None], differs: bool
) -> None:
    found = {"volumes": asks(Like("10.3", PLAIN)), "differing": [], "limits": limits}
    assert [one["differs"] for one in place([entry()], {"a": found})] == [differs]


def test_a_snapshot_that_lets_in_others_is_a_difference() -> None:
    told = asks(Like("10.3", PLAIN))
    assert differing.Comparison(declared(entry()), [{**one, "exposing": []} for one in told]).differing() == []
    assert differing.Comparison(declared(entry()), [{**one, "exposing": ["monday"]} for one in told]).differing() == [
        "data"
    ]


@pytest.mark.parametrize(
    "told, differs",
    [({"differing": []}, False), ({"differing": ["other"]}, False), ({"differing": ["data"]}, True)]
    + [({"differing": None}, True), ({}, True)],
)
def test_what_nobody_compared_may_differ(told: dict[str, t.Any], differs: bool) -> None:
    found = {"volumes": asks(Like("10.3", PLAIN)), "limits": [{"data": GIB}], **told}
    placed = place([entry(), entry(name="new")], {"a": found})
    # What has no volume yet certainly does.
    assert [one["differs"] for one in placed] == [differs, True]


def test_by_its_volumes_name_a_limit_is_known() -> None:
    found = {"volumes": asks(Like("10.3", OF_POOL)), "differing": [], "limits": [{"pool-1G-1": GIB}, {"data": 7}]}
    assert [one["differs"] for one in place([entry(**POOL)], {"a": found, "b": {"volumes": []}})] == [False]


def test_each_share_is_judged_alone() -> None:
    others = {
        "good": {},
        "open": {"client.ssl": "off"},
        "pool-1G-1": marked("pool-1G-1", share="pooled"),
        "pool-1G-2": marked("pool-1G-2", share="other"),
        "pool-1G-3": {},
    }
    wanted = [entry(name=name) for name in ("missing", "open", "pooled", "good")]
    assert differing.Comparison(declared(*wanted), asks(Like("10.3", others))).differing() == ["open"]
    assert differing.Comparison(declared(), asks(Like("10.3", others))).differing() == []


@pytest.mark.parametrize(
    "wanted",
    [
        declared(entry(), {"name": "x"}),
        declared(entry(), entry(name="x", size="lots")),
        declared(entry(), entry()),
        declared("data"),  # type: ignore[arg-type]
        declared(entry(), provisioner="pool"),
        declared(entry(identities=["a b"])),
        declared(entry(identities=["x" * 64 + str(number) for number in range(99)])),
        {**declared(entry()), "infrastructure": []},
        {**declared(entry()), "infrastructure": ["*"]},
    ],
)
def test_what_cannot_be_read_is_compared_with_nothing(wanted: dict[str, t.Any]) -> None:
    assert differing.Comparison(wanted, asks(Like("10.3", PLAIN))).differing() is None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_volume_arrives_as_it_was_read(version: str) -> None:
    volumes = answers.volumes(GlusterCli(Recorded(version, "volume-info-all.xml")))
    told = asks(Recorded(version, "volume-info-all.xml"))
    assert len(told) > 3 and [differing.read_volume(one) for one in told] == list(volumes.values())


@pytest.mark.parametrize(
    "others, wanted, names",
    [
        (OF_POOL, declared(entry(**POOL)), []),
        (OF_POOL, declared(entry(**POOL, identities=["tenant-b"])), ["data"]),
        ({"data": marked("data", origin="snapshot:monday")}, declared(entry(**CLONE, identities=[])), ["data"]),
        (
            {"pool-1G-1": {**marked("pool-1G-1"), holding.UNPROVEN: "pool-1G-1"}},
            declared(entry(**POOL)),
            ["data"],
        ),
        # What else is wrong holds nobody's denial up.
        (
            {"pool-1G-1": {**marked("pool-1G-1"), "features.uss": "on"}},
            declared(entry(**POOL, identities=[]), entry(name="new", **POOL)),
            ["data"],
        ),
        # Nobody knows yet whose these are.
        ({"data": {"user.heketi.id": None}}, declared(entry(identities=[])), []),
        (
            {"data": {**marked("data", origin=holding.ADOPTED), "user.heketi.id": None}},
            declared(entry(identities=[])),
            [],
        ),
        # Its Heketi's id came with the snapshot that it was cloned of.
        ({"else": marked("else", origin=holding.ADOPTED)}, declared(entry(identities=[])), []),
        ({"pool-1G-1": {}}, declared(entry(name="pool-1G-1", **POOL, identities=[])), []),
        # It is only being made, or stopped.
        ({"pool-1G-1": marked("pool-1G-1", holding.PREPARING)}, declared(entry(**POOL, identities=[])), []),
        ({"pool-1G-1": {**marked("pool-1G-1"), "status": "Stopped"}}, declared(entry(**POOL, identities=[])), []),
        ({"pool-1G-1": {**marked("pool-1G-1"), "server.ssl": "off"}}, declared(entry(**POOL, identities=[])), []),
        ({**OF_POOL, "pool-1G-2": marked("pool-1G-2")}, declared(entry(**POOL, identities=[])), []),
    ],
)
def test_whom_a_run_denies_before_anything_else(
    others: dict[str, t.Any], wanted: dict[str, t.Any], names: list[str]
) -> None:
    found = differing.Comparison(wanted, asks(Like("10.3", others))).denied()
    assert [one["name"] for one in found["shares"]] == names and found["heketi"] == {}
    assert all(one["identities"] == wanted["shares"][0]["identities"] for one in found["shares"])


def test_whom_a_run_denies_once_heketi_has_said_whose_it_is() -> None:
    others = {"data": {"features.uss": "on"}, "good": {}, "stopped": {"status": "Stopped"}, "free": {}}
    denying = [entry(name=name, identities=[]) for name in ("data", "stopped")]
    wanted = declared(*denying, entry(name="good"), entry(name="new", **POOL))
    found = differing.Comparison(wanted, asks(Like("10.3", others))).denied()
    assert found == {"shares": [], "heketi": {"data 0a1b": {"name": "data", "identities": []}}}
