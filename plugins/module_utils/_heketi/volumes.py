# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Volumes of Heketi: what is wanted, and what there is. No I/O.

Heketi counts volumes in GiB and bricks in KiB; in here a size is GiB for a volume and bytes for a brick.
"""

from __future__ import annotations

import dataclasses
import math
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, few
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import understood
from ansible_collections.glusterops.shares.plugins.module_utils._names import (
    MAX_ACCESS_LIST,
    check_common_name,
    check_unique,
    check_volume_name,
    read_options,
)
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB, check_number, parse_size

# What Heketi is asked for, by the name it has here.
DURABILITIES: dict[str, dict[str, t.Any]] = {
    "none": {"type": "none"},
    "replicate-2": {"type": "replicate", "replicate": {"replica": 2}},
    "replicate-3": {"type": "replicate", "replicate": {"replica": 3}},
    "replicate-3-arbiter": {"type": "replicate", "replicate": {"replica": 3}},
    "disperse-2+1": {"type": "disperse", "disperse": {"data": 2, "redundancy": 1}},
    "disperse-4+2": {"type": "disperse", "disperse": {"data": 4, "redundancy": 2}},
    "disperse-8+3": {"type": "disperse", "disperse": {"data": 8, "redundancy": 3}},
    "disperse-8+4": {"type": "disperse", "disperse": {"data": 8, "redundancy": 4}},
}

# From 2^44 GiB on Heketi's arithmetic overflows, and it makes a small volume that it takes for a large one.
MAX_SIZE = 2**34

ACCESS_LIST = "auth.ssl-allow"
TLS_OPTIONS = (ACCESS_LIST, "client.ssl", "server.ssl")

# With it on, existing files vanish for clients while Gluster rebalances a volume, as it does whenever Heketi has
# expanded one; some for good.
_LOOKUP = "cluster.lookup-optimize"
_ARBITER = "user.heketi.arbiter"
# What Heketi takes for yes.
_TRUE = ("1", "t", "T", "true", "True", "TRUE")
_OWN_OPTIONS = {_ARBITER: "say durability=replicate-3-arbiter", "user.heketi.id": "Heketi sets it itself"}

# What may be told of a volume that Gluster has.
_KNOWN = dict.fromkeys(("name", "heketi_id", "bricks"))

_CLUSTER = re.compile(r"[0-9a-f]{32}", re.ASCII)

_MAX_GID = 2**31 - 2


@dataclasses.dataclass(frozen=True)
class Desired:
    """A volume as it shall be. options include those of a seal, None is what was not asked for.

    size is the GiB that it has at least (0 for any), and spare_factor times that is allocated when it is made or grows.
    """

    name: str
    present: bool = True
    size: int = 0
    spare_factor: float = 1.0
    durability: str = "replicate-3"
    clusters: tuple[str, ...] = ()
    snapshot_factor: float | None = None
    gid: int | None = None
    options: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    clone_of: str | None = None

    @property
    def allocated(self) -> int:
        """The GiB that it is made with, or grown to."""
        # Rounded before, or 1.1 times 100 were 111.
        return math.ceil(round(self.size * self.spare_factor, 6))

    def request(self) -> dict[str, t.Any]:
        """The body of POST /volumes."""
        options = {_LOOKUP: "off", **self.options}
        if self.durability == "replicate-3-arbiter":
            options[_ARBITER] = "true"
        body: dict[str, t.Any] = {
            "name": self.name,
            "size": self.allocated,
            "durability": DURABILITIES[self.durability],
            "clusters": list(self.clusters),
            "glustervolumeoptions": [f"{option} {value}" for option, value in sorted(options.items())],
        }
        if self.snapshot_factor is not None:
            body["snapshot"] = {"enable": True, "factor": self.snapshot_factor}
        if self.gid is not None:
            body["gid"] = self.gid
        return body


@dataclasses.dataclass(frozen=True)
class HeketiBrick:
    """A brick: ids of its server (C(node)) and device, its path there, its size in bytes."""

    node: str
    device: str
    path: str
    size: int


@dataclasses.dataclass(frozen=True)
class Observed:
    """A volume as Heketi knows it. size is GiB; options are those it was created with, not those it has by now."""

    id: str
    name: str
    size: int
    cluster: str
    durability: str
    snapshot_factor: float | None
    gid: int
    options: t.Mapping[str, str]
    bricks: tuple[HeketiBrick, ...]
    hosts: tuple[str, ...]
    source: str

    @property
    def cloned(self) -> bool:
        """Whether it was cloned from a snapshot: where its bricks are is the only sign."""
        return any(brick.path.startswith("/run/gluster/snaps/") for brick in self.bricks)

    @property
    def capacity(self) -> int:
        """The GiB that its bricks hold. Another size than this means that Heketi lost track of a change."""
        kind, _dash, counts = self.durability.partition("-")
        data, copies = 1, 1
        if self.durability == "replicate-3-arbiter":
            # Its arbiter bricks cannot be told from data bricks of smaller sets.
            return self.size
        if kind == "replicate":
            copies = int(counts)
        elif kind == "disperse":
            data, redundancy = map(int, counts.split("+"))
            copies = data + redundancy
        return round(sum(brick.size for brick in self.bricks) * data / copies / GIB)

    @classmethod
    def from_info(cls, info: t.Mapping[str, t.Any]) -> Observed:
        """Reads the answer to GET /volumes/ID. Heketi leaves out whatever is zero."""
        with understood("a volume"):
            options = dict(line.split(" ", 1) for line in info.get("glustervolumeoptions") or [] if " " in line)
            kind = info["durability"]["type"]
            durability = kind
            if kind == "replicate":
                # Asked for without a number, Heketi makes two and shows none.
                durability = f"replicate-{info['durability']['replicate'].get('replica') or 2}"
                if options.pop(_ARBITER, "") in _TRUE:
                    durability += "-arbiter"
            elif kind == "disperse":
                disperse = info["durability"]["disperse"]
                durability = f"disperse-{disperse['data']}+{disperse['redundancy']}"
            mount = info["mount"]["glusterfs"]
            return cls(
                id=info["id"],
                name=info["name"],
                size=info["size"],
                cluster=info["cluster"],
                durability=durability,
                snapshot_factor=info["snapshot"]["factor"] if info["snapshot"]["enable"] else None,
                gid=info.get("gid", 0),
                options=options,
                bricks=tuple(
                    HeketiBrick(brick["node"], brick["device"], brick["path"], brick["size"] * 1024)
                    for brick in info["bricks"]
                ),
                hosts=tuple(mount["hosts"]),
                source=mount["device"],
            )


@dataclasses.dataclass(frozen=True)
class InGluster:
    """A volume that Gluster has: its name, and if it was told, the id of Heketi's that it says it has (C(""): none)
    and paths of its bricks."""

    name: str
    heketi_id: str | None = None
    bricks: frozenset[str] = frozenset()

    def may_be(self, volume: Observed) -> bool:
        """Whether nothing speaks against it being Heketi's volume of this name.

        A clone says its source's id, and after a snapshot was restored a volume has other bricks than Heketi knows.
        """
        return self.heketi_id in (None, volume.id) or any(brick.path in self.bricks for brick in volume.bricks)


def read_known(entries: t.Sequence[t.Any] | None) -> dict[str, InGluster] | None:
    """The volumes that Gluster has, by name (see argspec.making_spec), or BadInput; None if that was not told."""
    if entries is None:
        return None
    found = {}
    for entry in entries:
        told = {"name": entry} if isinstance(entry, str) else entry
        if not isinstance(told, t.Mapping) or not isinstance(told.get("name"), str) or told.keys() - _KNOWN:
            raise BadInput(f"known_volumes: {entry!r} is neither a name nor a dictionary of {', '.join(_KNOWN)}.")
        found[told["name"]] = InGluster(told["name"], told.get("heketi_id"), frozenset(told.get("bricks") or ()))
    return found


# ---- what is wanted --------------------------------------------------------------------------------------------------


def read_desired(entry: t.Mapping[str, t.Any]) -> Desired:
    """One volume of the parameters (see argspec.volume_spec), or BadInput naming the option and its value."""
    name = check_volume_name(entry["name"])
    present = entry["state"] == "present"
    size = 0
    if entry["size"] is not None:
        size = -(-parse_size(entry["size"]) // GIB)
    elif present and not entry["clone_of"]:
        raise BadInput("size is required when state=present.")
    spare = entry["spare_factor"]
    check_number(spare, 1, 100, "spare_factor")
    if size * spare > MAX_SIZE:
        what = f"size {entry['size']!r}" + (f" with spare_factor {spare:g}" if spare > 1 else "")
        raise BadInput(f"{what} is more than {MAX_SIZE} GiB, where Heketi stops to count right.")
    for cluster in entry["clusters"]:
        if not _CLUSTER.fullmatch(cluster):
            raise BadInput(f"clusters: {cluster!r} is not a cluster's id: 32 of 0-9 and a-f.")
    check_unique(entry["clusters"], "clusters:")
    factor = entry["snapshot_factor"]
    if factor is not None:
        check_number(factor, 1, 100, "snapshot_factor")
    gid = entry["gid"]
    if gid is not None:
        check_number(gid, 0, _MAX_GID, "gid")
    options = read_options(entry["volume_options"])
    for option, why in _OWN_OPTIONS.items():
        if option in options:
            raise BadInput(f"volume_options: {option} cannot be given: {why}.")
    if options.get(_LOOKUP, "off") != "off":
        raise BadInput(
            f"volume_options: {_LOOKUP} {options[_LOOKUP]!r} must be off: with it existing files vanish for clients"
            " while an expansion is rebalanced."
        )
    if entry["seal"] is not None:
        both = sorted(set(options) & set(TLS_OPTIONS))
        if both:
            raise BadInput(f"volume_options may not have {', '.join(both)} when seal is given: seal sets it.")
        options.update(_seal(entry["seal"]))
    desired = Desired(
        name=name,
        present=present,
        size=size,
        spare_factor=spare,
        durability=entry["durability"],
        clusters=tuple(sorted(entry["clusters"])),
        snapshot_factor=factor,
        gid=gid,
        options=options,
        clone_of=entry["clone_of"],
    )
    if desired.clone_of is not None:
        _check_clone(desired)
    return desired


def _check_clone(desired: Desired) -> None:
    check_volume_name(desired.clone_of, "clone_of")
    if desired.clone_of == desired.name:
        raise BadInput(f"clone_of {desired.clone_of!r} is the volume itself.")
    given = {
        "clusters": desired.clusters,
        "snapshot_factor": desired.snapshot_factor is not None,
        "gid": desired.gid is not None,
        "spare_factor": desired.spare_factor > 1,
        "volume_options and seal": desired.options,
    }
    wrong = [option for option, value in given.items() if value]
    if wrong:
        raise BadInput(f"{' and '.join(wrong)} cannot be given with clone_of: a clone is as its source is.")


def _seal(identities: t.Sequence[str]) -> dict[str, str]:
    """The options that seal a volume before it first starts."""
    if not identities:
        raise BadInput("seal is empty: name every server and whoever may mount the volume, or leave seal out.")
    for identity in identities:
        check_common_name(identity, "seal: identity")
    allowed = ",".join(sorted(set(identities)))
    if len(allowed) > MAX_ACCESS_LIST:
        raise BadInput(
            f"seal has {len(allowed)} bytes of names, and more than {MAX_ACCESS_LIST} crash the servers' glusterd:"
            " name fewer identities."
        )
    return {ACCESS_LIST: allowed, "client.ssl": "on", "server.ssl": "on"}


def read_all_desired(entries: t.Sequence[t.Mapping[str, t.Any]]) -> list[Desired]:
    """All volumes of a list, or one BadInput that names every bad entry."""
    desired, wrong = [], []
    for number, entry in enumerate(entries):
        try:
            desired.append(read_desired(entry))
        except BadInput as exc:
            wrong.append(f"volumes[{number}] {entry['name']!r}: {exc}")
    if wrong:
        raise BadInput(few(wrong))
    check_unique((volume.name for volume in desired), "volumes: name")
    return desired
