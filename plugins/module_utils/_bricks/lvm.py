# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The logical volumes of this server, and what is ours among them."""

from __future__ import annotations

import binascii
import dataclasses
import json
import os
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    GlusterOpsError,
    NotFound,
    Refused,
)

RunCommand = t.Callable[..., "tuple[int, str, str]"]

# What says that a volume group, a logical volume is ours. A brick that is being made may be overwritten.
STORAGE, BRICK, VOLUME, MAKING = "glusterops.storage", "glusterops.brick", "glusterops.volume=", "glusterops.making"
POOL = "pool"
# The id of a device says that it is ours before it is in a volume group, and how that will be called.
_LABEL = re.compile(r"GLUOPS-([0-9a-f]{4})-([0-9a-f]{4})(-[0-9a-f]{4}){3}-[0-9a-f]{6}", re.ASCII)
_GROUP = re.compile(r"glusterops_[0-9a-f]{8}", re.ASCII)
_GIB = 1024**3
# Of a device, before its first extent and after its last one.
_ASIDE = names.EXTENT


@dataclasses.dataclass(frozen=True)
class Physical:
    """A device of LVM's. group: empty if it is in none."""

    path: str
    label: str
    group: str


@dataclasses.dataclass(frozen=True)
class Group:
    """extents: how many. lost: how many of its devices are not there."""

    name: str
    tags: frozenset[str]
    extents: int
    lost: int


@dataclasses.dataclass(frozen=True)
class Logical:
    """kind: LVM's word. size and used in bytes; what it shares with others counts as used. device: its numbers, None
    if it is not active."""

    name: str
    group: str
    tags: frozenset[str]
    kind: str
    size: int
    used: int
    device: tuple[int, int] | None


@dataclasses.dataclass(frozen=True)
class Lvm:
    """All of it."""

    devices: tuple[Physical, ...] = ()
    groups: tuple[Group, ...] = ()
    volumes: tuple[Logical, ...] = ()

    def ours(self) -> list[Group]:
        return [group for group in self.groups if STORAGE in group.tags and _GROUP.fullmatch(group.name)]

    def within(self, group: str) -> list[Logical]:
        return [volume for volume in self.volumes if volume.group == group]


def new_label() -> str:
    """An id for a device that shall be ours."""
    digits = binascii.hexlify(os.urandom(13)).decode()
    return "-".join(["GLUOPS", *(digits[at : at + 4] for at in range(0, 20, 4)), digits[20:]])


def group_of(label: str) -> str | None:
    """What the volume group of a device of ours is called; None if it is none."""
    found = _LABEL.fullmatch(label)
    return f"glusterops_{found[1]}{found[2]}" if found else None


@dataclasses.dataclass(frozen=True)
class Shape:
    """Of a thin pool, in bytes. Both it and its spare have the metadata's size."""

    data: int
    metadata: int


def shape(device: int) -> Shape:
    """The thin pool that a device of so many bytes gets, exactly. Some room is left, or metadata could not grow."""
    extents = max(0, device - _ASIDE) // names.EXTENT
    metadata = min(max(32 * names.MIB, -(-extents // 1000) * names.EXTENT), 15 * _GIB)
    data = extents * 95 // 100 * names.EXTENT - 2 * metadata
    return Shape(max(0, data), metadata)


# The smallest device on which there is room for a brick.
LEAST_DEVICE = 680 * names.MIB


def observe(run_command: RunCommand) -> Lvm:
    """In three calls. Nothing where LVM is not installed."""
    try:
        devices = _report(run_command, "pvs", "pv", "pv_name,pv_uuid,vg_name")
        groups = _report(run_command, "vgs", "vg", "vg_name,vg_tags,vg_extent_count,vg_missing_pv_count")
        fields = "lv_name,vg_name,lv_tags,segtype,lv_size,data_percent,lv_kernel_major,lv_kernel_minor"
        volumes = _report(run_command, "lvs", "lv", fields)
    except NotFound:
        return Lvm()
    try:
        return Lvm(
            tuple(Physical(row["pv_name"], row["pv_uuid"], row["vg_name"]) for row in devices),
            tuple(
                Group(row["vg_name"], _tags(row["vg_tags"]), int(row["vg_extent_count"]), _lost(row)) for row in groups
            ),
            tuple(map(_logical, volumes)),
        )
    except (KeyError, ValueError) as exc:
        raise GlusterOpsError(f"LVM does not tell what there is as it should: {exc!r}.") from exc


def _lost(row: t.Mapping[str, str]) -> int:
    return int(row["vg_missing_pv_count"])


def _tags(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(",")))


def _logical(row: t.Mapping[str, str]) -> Logical:
    size, major, minor = int(row["lv_size"]), int(row["lv_kernel_major"]), int(row["lv_kernel_minor"])
    return Logical(
        name=row["lv_name"],
        group=row["vg_name"],
        tags=_tags(row["lv_tags"]),
        kind=row["segtype"],
        size=size,
        used=int(size * float(row["data_percent"] or 0) / 100),
        device=None if major < 0 or minor < 0 else (major, minor),
    )


def _report(run_command: RunCommand, program: str, kind: str, fields: str) -> list[dict[str, str]]:
    out = run(run_command, program, "--reportformat", "json", "--units", "b", "--nosuffix", "-o", fields)
    try:
        return [row for report in json.loads(out)["report"] for row in report[kind]]
    except (ValueError, KeyError, TypeError) as exc:
        raise GlusterOpsError(f"{program} does not tell what there is: {out.strip()[:300]}") from exc


def run(run_command: RunCommand, *argv: str) -> str:
    """What the program says. Raises NotFound, if it is not there, and Refused."""
    try:
        rc, out, err = run_command(list(argv), environ_update={"LC_ALL": "C.UTF-8"}, handle_exceptions=False)
    except OSError as exc:
        package = "xfsprogs" if "xfs" in argv[0] else "lvm2" if argv[0][:2] in ("lv", "vg", "pv") else "util-linux"
        raise NotFound(f"The program {argv[0]} is not on this server: install {package}.") from exc
    if rc:
        raise Refused(f"'{' '.join(argv)}' failed: {(err or out).strip()[:500]}", cmd=" ".join(argv), rc=rc)
    return out
