#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_info
short_description: Tell what a GlusterFS cluster consists of
version_added: "0.1.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Reads version, servers, volumes, processes, clients and quota limits of a cluster from one of its servers, changing
    nothing.
  - Each part of O(gather) is at most one call of C(gluster), however many volumes there are.
options:
  gather:
    description:
      - What to read.
      - V(version), V(peers) and V(volumes) are cheap. V(processes) are bricks and helper daemons with their ports, of
        started volumes, and how rebalances are. V(clients) tells who is connected to the bricks. V(limits) are the
        quota limits of volumes with a brick on this server, read from that brick. V(identity) is this server's TLS
        certificate.
    type: list
    elements: str
    choices: [version, peers, volumes, processes, clients, limits, identity]
    default: [version, peers, volumes]
  query:
    description:
      - A JMESPath expression. What it selects from the return values is returned as RV(result), instead of them.
      - Evaluated on the control node, which needs C(jmespath) for it. The server needs nothing.
    type: str
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.info
"""

EXAMPLES = r"""
- name: Read version, servers and volumes
  glusterops.shares.gluster_info:
  register: gluster

- name: Find the volumes that are started and not sealed
  glusterops.shares.gluster_info:
    gather: [volumes]
    query: "volumes[?started && !sealed].name"
  register: open
"""

RETURN = r"""
version:
  description: GlusterFS's version.
  returned: when gathered
  type: str
  sample: "10.3"
peers:
  description: The servers of the cluster. The asked one calls itself C(localhost).
  returned: when gathered
  type: list
  elements: dict
  contains:
    uuid:
      description: The server's glusterd UUID.
      type: str
    hostname:
      description: Its name in the cluster.
      type: str
    connected:
      description: Whether its glusterd is connected.
      type: bool
volumes:
  description: The volumes.
  returned: when gathered
  type: list
  elements: dict
  contains:
    name:
      description: Name.
      type: str
    id:
      description: UUID.
      type: str
    status:
      description: C(Created), C(Started) or C(Stopped).
      type: str
    started:
      description: Whether it is started.
      type: bool
    sealed:
      description: Whether TLS is on and the access list explicit.
      type: bool
    identities:
      description: The access list.
      type: list
      elements: str
    type:
      description: Gluster's word for the layout, for example C(Distributed-Replicate).
      type: str
    replica:
      description: Copies.
      type: int
    arbiter:
      description: Arbiter bricks of a replica set.
      type: int
    disperse:
      description: Bricks of a disperse set, 0 if it is none.
      type: int
    redundancy:
      description: Redundant bricks of a disperse set.
      type: int
    snapshots:
      description: Number of snapshots.
      type: int
    bricks:
      description: The bricks.
      type: list
      elements: dict
      contains:
        server:
          description: The server.
          type: str
        path:
          description: The directory.
          type: str
        server_uuid:
          description: The server's glusterd UUID.
          type: str
        arbiter:
          description: Whether it holds no data.
          type: bool
    options:
      description: The options that were ever set.
      type: dict
processes:
  description: By volume, its bricks and helper daemons.
  returned: when gathered
  type: dict
rebalances:
  description: The status of the last rebalance of each volume that had one, in Gluster's words.
  returned: when processes are gathered
  type: dict
  sample: {"tenant-a-data": "in progress"}
identity:
  description: The asked server's TLS certificate, C(null) if it has none where its Gluster looks for it.
  returned: when gathered
  type: dict
  contains:
    common_name:
      description: The identity.
      type: str
    not_after:
      description: The end of its validity, in UTC.
      type: str
      sample: "2027-11-21T07:00:00Z"
    issuer:
      description: The name of the CA that signed it.
      type: str
    serial:
      description: Its serial number, in hexadecimal digits.
      type: str
    fingerprint_sha256:
      description: Its fingerprint, as C(openssl) prints it.
      type: str
clients:
  description: By volume, how many clients of each kind its bricks have.
  returned: when gathered
  type: dict
limits:
  description:
    - By volume, the quota limit in bytes, C(null) if it has none or not the same on all bricks.
    - Only volumes with quota on and a brick on this server.
  returned: when gathered
  type: dict
result:
  description: What O(query) selected.
  returned: when O(query) is given
  type: raw
"""

import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.quota import local_limits
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.share import LIST, is_sealed, split_list
from ansible_collections.glusterops.shares.plugins.module_utils._tls.identity import find_directories, installed
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    cli, gather = GlusterCli(module.run_command), set(module.params["gather"])
    found: dict[str, t.Any] = {}
    if "version" in gather:
        found["version"] = cli.version()
    if "peers" in gather:
        found["peers"] = [dataclasses.asdict(peer) for peer in answers.peers(cli)]
    if gather & {"volumes", "limits"}:
        volumes = answers.volumes(cli)
        if "volumes" in gather:
            found["volumes"] = [
                dict(
                    dataclasses.asdict(volume),
                    started=volume.started,
                    sealed=is_sealed(volume),
                    identities=split_list(volume.options.get(LIST, "")),
                )
                for volume in volumes.values()
            ]
        if "limits" in gather:
            limits = local_limits(volumes.values())
            found["limits"] = {name: limit.size if limit else None for name, limit in limits.items()}
    if "processes" in gather:
        processes, found["rebalances"] = answers.status(cli)
        found["processes"] = {name: [dataclasses.asdict(entry) for entry in of] for name, of in processes.items()}
    if "clients" in gather:
        found["clients"] = answers.clients(cli)
    if "identity" in gather:
        identity = installed(find_directories(), OpenSSL(module.run_command))
        found["identity"] = identity.certificate.told() if identity else None
    return [], found


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "gather": {
                "type": "list",
                "elements": "str",
                "choices": ["version", "peers", "volumes", "processes", "clients", "limits", "identity"],
                "default": ["version", "peers", "volumes"],
            },
            # Evaluated by the action plugin of the same name, which does not pass it on.
            "query": {"type": "str"},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
