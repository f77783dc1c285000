# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The thin logical volumes of this server: whether its bricks lie on them, what snapshots hold, how full pools are."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import server_info
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import read_mounts

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume

_FIELDS = "lv_name,vg_name,segtype,pool_lv,lv_kernel_major,lv_kernel_minor,lv_size,data_percent,metadata_percent"


@dataclasses.dataclass(frozen=True)
class Logical:
    """A thin logical volume. pool: the thin pool it is in, as group/name. size and used in bytes; what it shares with
    others counts as used, too."""

    name: str
    pool: str
    device: tuple[int, int]
    size: int
    used: int


@dataclasses.dataclass(frozen=True)
class Pool:
    """How full a thin pool is, in percent."""

    data: float
    metadata: float


@dataclasses.dataclass(frozen=True)
class Lvm:
    """pools by group/name."""

    volumes: tuple[Logical, ...] = ()
    pools: t.Mapping[str, Pool] = dataclasses.field(default_factory=dict)

    def sizes(self, logical: str) -> tuple[int, int] | None:
        """Size and use of the bricks of a snapshot that are on this server; None if there are none."""
        found = [volume for volume in self.volumes if volume.name.startswith(f"{logical}_")]
        return (sum(one.size for one in found), sum(one.used for one in found)) if found else None


@dataclasses.dataclass(frozen=True)
class Ground:
    """What the bricks that a volume has on this server lie on. thick: those that are not on a thin logical volume."""

    thick: tuple[str, ...] = ()
    pools: t.Mapping[str, Pool] = dataclasses.field(default_factory=dict)


def lvs(run_command: t.Callable[..., tuple[int, str, str]], *words: str) -> list[dict[str, str]]:
    """What C(lvs) reports, by field; sizes in bytes. Nothing where there is no C(lvs): glusterd has none either."""
    argv = ["lvs", "--reportformat", "json", "--units", "b", "--nosuffix", *words]
    try:
        rc, out, err = run_command(argv, environ_update={"LC_ALL": "C.UTF-8"}, handle_exceptions=False)
    except OSError:
        return []
    try:
        return [row for report in json.loads(out)["report"] for row in report["lv"]]
    except (ValueError, KeyError) as exc:
        raise GlusterOpsError(
            f"lvs does not tell which logical volumes there are: {(err or out).strip()[:300]}",
            cmd=" ".join(argv),
            rc=rc,
        ) from exc


def observe(run_command: t.Callable[..., tuple[int, str, str]]) -> Lvm:
    """All thin logical volumes of this server, in one call."""
    rows = lvs(run_command, "-o", _FIELDS)
    volumes = [
        Logical(
            name=row["lv_name"],
            pool=f"{row['vg_name']}/{row['pool_lv']}",
            device=(int(row["lv_kernel_major"]), int(row["lv_kernel_minor"])),
            size=int(row["lv_size"]),
            used=int(int(row["lv_size"]) * float(row["data_percent"] or 0) / 100),
        )
        for row in rows
        if row["segtype"] == "thin"
    ]
    pools = {
        f"{row['vg_name']}/{row['lv_name']}": Pool(float(row["data_percent"] or 0), float(row["metadata_percent"] or 0))
        for row in rows
        if row["segtype"] == "thin-pool"
    }
    return Lvm(tuple(volumes), pools)


def ground(volume: Volume, lvm: Lvm, glusterd: str) -> Ground:
    """What the volume's bricks on this server lie on."""
    here = server_info(glusterd).get("UUID")
    kinds = {there.device: there.kind for there in read_mounts().values()}
    thick: list[str] = []
    pools: dict[str, Pool] = {}
    for brick in volume.bricks:
        if brick.server_uuid != here or not os.path.isdir(brick.path):
            continue
        device = os.stat(brick.path).st_dev
        number = os.major(device), os.minor(device)
        logical = next((one for one in lvm.volumes if one.device == number), None)
        if logical:
            pools[logical.pool] = lvm.pools[logical.pool]
        # GlusterFS 11 takes snapshots of ZFS, too. Of what is not known it will tell itself.
        elif kinds.get(number, "zfs") != "zfs":
            thick.append(f"{brick.server}:{brick.path}")
    return Ground(tuple(thick), pools)
