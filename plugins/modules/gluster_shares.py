#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_shares
short_description: Make, seal, limit and start many GlusterFS shares in one task
version_added: "0.1.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Makes volumes of one cluster into shares. Each is sealed with TLS, has the access list that is declared, is started,
    and is limited by quota to the share's size.
  - A share that has no volume yet gets one from a pool of volumes, a clone of a snapshot, or one that is made of
    bricks. It is marked as the share's, sealed and limited, and proven empty if it is from a pool, before the first
    tenant is let in.
  - When nothing has to change, one call of C(gluster) observes the whole cluster, however many shares there are.
  - Who is on a list and shall not be is taken off first, share by share, and that is proven on every server that has
    bricks of the volume. A server that could not store the new list, or could not be asked, is an error, and the next
    run goes on there. Nobody is let in before the share is limited.
  - For all else all shares are checked before the first one is changed. One that cannot be done leaves the others as
    they were. What fails while it is done is told at the end, and holds no other share back.
  - Runs on any one server of the cluster. Use the same server for all changes, see
    M(glusterops.shares.gluster_share_access).
options:
  shares:
    description: The shares. A volume that is not in the list is left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The share. Its volume is the one that is marked as the share's, or else the one of the same name.
        type: str
        required: true
      identities:
        description: The identities of the tenants who may mount it.
        type: list
        elements: str
        default: []
      size:
        description:
          - What the tenants can store, for example V(100G). Units are powers of 1024.
          - Without it the limit is left as it is. Required where the share has no volume yet.
          - Gluster counts what is stored with a delay, in which a tenant can write past the limit. A share that has a
            size also gets C(features.soft-timeout) 5 and C(features.hard-timeout) 1, in seconds.
          - A limit below what is stored already is refused. Where quota was off until now Gluster has not counted yet
            what is stored, so there it cannot be.
        type: str
      volume_options:
        description:
          - Gluster options of its volume, by name. Booleans become V(on) and V(off). Options that are set and not named
            here stay.
          - Names have to be whole, with a dot in them. Gluster completes others, and sets whole groups of options.
          - Those that follow from the other options (TLS, access list, quota, C(cluster.lookup-optimize)), that mark a
            volume, or that let somebody in past the access list (as C(features.uss)) are refused.
        type: dict
        default: {}
        version_added: "0.2.0"
      pattern:
        description:
          - If the share has no volume yet, it gets a free one whose whole name this regular expression matches.
            C(#{size}) in it stands for the volume's size in GiB, and C(##) for a C(#), as in Manila's
            C(glusterfs_volume_pattern).
          - The smallest volume that suffices is taken. Volumes that match without a size are a last resort.
          - A volume that this collection or Manila has marked is in use. Its C(user.glusterops-share) names the share.
          - A size beyond the one in the volume's name is refused. The message names larger free volumes.
        type: str
        version_added: "0.2.0"
      from_snapshot:
        description:
          - If the share has no volume yet, it gets a clone of this snapshot, with all that was stored in it. An
            inactive snapshot is activated meanwhile.
          - The clone never had the access list of the volume that the snapshot was made of.
        type: str
        version_added: "0.2.0"
      layout:
        description:
          - If the share has no volume yet, it gets one that is made of these bricks, sealed before it is first started.
          - Each brick has to be there, empty and never used, as M(glusterops.shares.gluster_bricks) makes it.
        type: dict
        version_added: "0.2.0"
        suboptions:
          bricks:
            description: C(HOST:/PATH) of each, set by set, in Gluster's order.
            type: list
            elements: str
            required: true
          replica:
            description: How many copies a set keeps, an arbiter among them.
            type: int
            default: 1
          arbiter:
            description: Whether the last brick of each set of three is an arbiter, V(1) or V(0).
            type: int
            default: 0
          disperse:
            description: How many bricks a dispersed set has, redundant ones among them.
            type: int
            default: 0
          redundancy:
            description: How many bricks of a dispersed set may be lost.
            type: int
            default: 0
  infrastructure:
    description:
      - The identities of the servers, gateways and management hosts, which are on every list always. Every server of
        the cluster must be among them, because its helper daemons are clients of every volume.
      - An entry may hold C(*), as in V(glusterfs-server-*), but not be V(*).
    type: list
    elements: str
    required: true
  exclusive:
    description: Whether all who are not declared are taken off the lists. Otherwise they stay.
    type: bool
    default: true
  deny_only:
    description:
      - Whether nothing is done but to take off the access lists who is not declared, and to prove that on every server
        that has bricks of the volumes. Shares that have no volume, or one that is not sealed, are left out.
    type: bool
    default: false
    version_added: "0.2.0"
  admit:
    description:
      - Whether tenants are let in who are not on the lists yet. Without it they wait for another task. The
        infrastructure is let in in any case.
    type: bool
    default: true
    version_added: "0.2.0"
  restart:
    description:
      - Whether a started volume that is not sealed, or was sealed while its bricks ran, may be stopped and started to
        seal it. Its clients must mount it again.
      - Without this permission such a volume makes the task fail before anything is changed.
    type: bool
    default: false
  allow_root:
    description: Whether bricks of a new volume may lie on the root file systems of their servers.
    type: bool
    default: false
    version_added: "0.2.0"
  start:
    description:
      - Whether volumes that are not started are started, once they are sealed.
      - A share from a pool is only finished with it, because the volume is looked into.
    type: bool
    default: true
  known_limits:
    description:
      - The present quota limit of volumes, name to bytes, where the caller knows it, for example from
        RV(glusterops.shares.gluster_info#module:limits) of the other servers.
      - Limits of volumes with a brick on this server are read there, whatever stands here. For any other volume with
        quota on Gluster is asked, at the cost of one call each.
    type: dict
    default: {}
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._attributes.progress
  - glusterops.shares._snapshots
seealso:
  - module: glusterops.shares.gluster_heketi_volumes
  - module: glusterops.shares.gluster_share_access
"""

EXAMPLES = r"""
- name: Two shares
  glusterops.shares.gluster_shares:
    infrastructure:
      - glusterfs-server-server1
      - glusterfs-server-server2
      - glusterfs-server-server3
    shares:
      - name: tenant-a-data
        identities: [tenant-a]
        size: 100G
      - name: tenant-b-data
        identities: [tenant-b, tenant-b-backup]
        size: 1.5T

- name: A share from a pool of volumes with names like pool-100G-7, and one from a snapshot
  glusterops.shares.gluster_shares:
    infrastructure: [glusterfs-server-*]
    shares:
      - name: tenant-c-data
        identities: [tenant-c]
        size: 80G
        pattern: pool-#{size}G-[0-9]+
      - name: tenant-a-test
        identities: [tenant-a-test]
        size: 100G
        from_snapshot: tenant-a-data-monday
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in order.
  returned: success
  type: list
  elements: dict
  sample: [{"subject": "tenant-a-data", "what": "size", "before": "50G", "after": "100G"}]
shares:
  description: The shares as they were observed afterwards, in the order of the list.
  returned: success, except in check mode with changes
  type: list
  elements: dict
  contains:
    name:
      description: The share.
      type: str
    volume:
      description: Its volume.
      type: str
    sealed:
      description: Whether TLS is on and the access list explicit.
      type: bool
    identities:
      description: The access list.
      type: list
      elements: str
    started:
      description: Whether the volume is started.
      type: bool
    limit:
      description: The limit in bytes, C(null) if no size was given.
      type: int
    servers:
      description: The servers that hold the volume's bricks.
      type: list
      elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._shares.argspec import read_share, share_spec
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import (
    LiveCluster,
    close,
    raise_undone,
    reconcile,
)


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    params = module.params
    how = {name: params[name] for name in ("admit", "exclusive", "start", "restart")}
    how["root"] = params["allow_root"]
    how["deactivate"] = params["deactivate_snapshots"]
    shares = [read_share(share, params["infrastructure"], **how) for share in params["shares"]]
    cluster = LiveCluster(GlusterCli(module.run_command), known_limits=_known_limits(params["known_limits"] or {}))
    if params["deny_only"]:
        changes, failures = close(cluster, shares, module.check_mode)
        raise_undone(failures, len(shares), changes=changes)
        return changes, {"shares": []}
    changes, observed = reconcile(cluster, shares, module.check_mode, Progress(params["progress_file"]))
    return changes, {"shares": list(observed.values())} if observed or not shares else {}


def _known_limits(values: dict[str, t.Any]) -> dict[str, int]:
    try:
        return {name: int(value) for name, value in values.items() if value is not None}
    except (TypeError, ValueError):
        raise BadInput("known_limits must give bytes as whole numbers, or null.") from None


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "shares": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": share_spec(),
                "mutually_exclusive": [("pattern", "from_snapshot", "layout")],
            },
            "infrastructure": {"type": "list", "elements": "str", "required": True},
            "admit": {"type": "bool", "default": True},
            "allow_root": {"type": "bool", "default": False},
            "exclusive": {"type": "bool", "default": True},
            "deactivate_snapshots": {"type": "bool", "default": False},
            "deny_only": {"type": "bool", "default": False},
            "restart": {"type": "bool", "default": False},
            "start": {"type": "bool", "default": True},
            "known_limits": {"type": "dict", "default": {}},
            "progress_file": {"type": "path"},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
