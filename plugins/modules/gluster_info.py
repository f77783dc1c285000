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
      - V(snapshots) (since version 0.2.0) are those of all volumes. V(bricks) (since 0.2.0) tells which of this
        server's bricks lie on thin logical volumes, as snapshots need. V(cluster) (since 0.2.0) is what concerns all
        servers, and takes four calls.
      - V(served) (since 0.2.0) is what each brick of the started volumes answers with by TLS, and how many clients it
        has. All are asked at once, from this server and with its identity.
      - V(machine) (since 0.2.0) is what every machine can tell, host or server, whether C(glusterd) runs there or not.
        Along with it, a part that this machine lacks the programs for, or that concerns the whole cluster and cannot be
        told now, is C(null) instead of a failure.
      - V(management) (since 0.2.0) tells whether this machine uses TLS on the management path, port 24007.
      - V(identities) (since 0.2.0) is what this machine has of the O(identities) in files.
      - V(mounts) (since 0.2.0) is which volumes are mounted on this machine, or would be at boot.
      - V(mounted) (since 0.2.0) is how many clients of each volume are none of the servers' daemons, and V(tasks)
        (since 0.2.0) what is being done to it, as a rebalance.
      - V(stored) (since 0.2.0) is what this server has stored of whom volumes let in, to be compared with others.
      - V(storage) (since 0.2.0) is what this machine has for bricks, and V(programs) (since 0.2.0) which programs it
        has. Neither needs Gluster.
      - V(holdings) (since 0.2.0) is whose each volume is. It tells less than V(volumes), which matters for thousands.
    type: list
    elements: str
    choices:
      [version, peers, volumes, holdings, snapshots, processes, clients, mounted, tasks, limits, bricks, stored,
       cluster, served, identity, identities, mounts, machine, management, storage, programs]
    default: [version, peers, volumes]
  identities:
    description: The identities to tell of, for O(gather=identities).
    type: list
    elements: dict
    default: []
    version_added: "0.2.0"
    suboptions:
      common_name:
        description: The name.
        type: str
        required: true
      scope:
        description: As in M(glusterops.shares.gluster_tls_identities).
        type: str
        choices: [machine, tenant]
        default: machine
      key_type:
        description: As in M(glusterops.shares.gluster_tls_identities). It is returned along with what was found.
        type: str
        default: ecdsa-p256
  storage:
    description:
      - Devices (below C(/dev)) and directories to tell of, for O(gather=storage). What is prepared already is told of
        in any case, a directory if Gluster has bricks in it.
    type: list
    elements: str
    default: []
    version_added: "0.2.0"
  declared:
    description:
      - Shares to compare with their volumes. Those that are on this cluster and differ are returned as RV(differing).
      - A dictionary of C(shares) as in O(glusterops.shares.shares#role:main:shares_list), C(infrastructure) as in
        M(glusterops.shares.gluster_shares), and, if needed, C(provisioner), C(pattern) and C(restart).
    type: dict
    version_added: "0.2.0"
  known:
    description:
      - What this module returned for this machine a moment ago. Parts that are in it are not looked at again, if that
        is less than five minutes old.
      - Only good where nothing was changed in between, which the caller has to know.
    type: dict
    version_added: "0.2.0"
  whole:
    description:
      - Whether it is an error if the machines of the play do not come to this task together, because of C(serial) or a
        strategy with which each goes its own way. For what is decided on the answers of all.
    type: bool
    default: false
    version_added: "0.2.0"
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
looked:
  description: When this was begun to be looked at, in seconds since 1970 by the control node's clock.
  returned: success, unless O(query) is given
  type: float
  version_added: "0.2.0"
instance:
  description: The same whatever the inventory calls this machine, as long as it runs, and on no other one.
  returned: unless O(query) is given
  type: str
  version_added: "0.2.0"
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
    state:
      description: C(Peer in Cluster) if it is a full member, or Gluster's word for what it is. Empty for the asked one.
      type: str
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
    share:
      description:
        - The share that it holds, which is that of its mark, or else of its own name. C(null) if a pool has it back.
      type: str
    state:
      description: C(preparing), C(counting), C(in-use) or C(releasing) if it is marked as a share's, else C(null).
      type: str
    origin:
      description: C(pool), or C(snapshot:) and the snapshot's name, if it is marked as a share's, else C(null).
      type: str
    free:
      description: Whether a pool may take it. Neither this collection nor Manila has marked it.
      type: bool
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
snapshots:
  description: The snapshots.
  returned: when gathered
  type: list
  elements: dict
  version_added: "0.2.0"
  contains:
    name:
      description: Name.
      type: str
    uuid:
      description: UUID.
      type: str
    description:
      description: What it was said to be when it was made.
      type: str
    created:
      description: When it was made, in UTC.
      type: str
      sample: "2026-11-21T02:00:00Z"
    volume:
      description: The volume that it was made of.
      type: str
    active:
      description: Whether its bricks run, so that it can be mounted.
      type: bool
    size:
      description: Bytes of its bricks on this server, C(null) if it has none here.
      type: int
    used:
      description: Bytes stored in them, most of which it shares with the volume, C(null) if it has none here.
      type: int
processes:
  description: By volume, its bricks and helper daemons.
  returned: when gathered
  type: dict
rebalances:
  description: The status of the last rebalance of each volume that had one, in Gluster's words.
  returned: when processes are gathered
  type: dict
  sample: {"tenant-a-data": "in progress"}
bricks:
  description: The bricks on this server.
  returned: when gathered
  type: list
  elements: dict
  version_added: "0.2.0"
  contains:
    volume:
      description: The volume.
      type: str
    path:
      description: The directory.
      type: str
    thin:
      description: Whether it is on a thin logical volume of LVM, C(null) if there is no such directory.
      type: bool
storage:
  description: What this machine has for bricks. First what was asked for as O(storage), in that order.
  returned: when gathered
  type: list
  elements: dict
  version_added: "0.2.0"
  contains:
    path:
      description: The device or directory.
      type: str
    kind:
      description: C(device) or C(directory).
      type: str
    state:
      description:
        - C(ready) for bricks, C(blank) if it can be made so, C(foreign) if it holds something or cannot be used, or
          C(missing).
        - A directory that is not there, on a file system that is, is C(blank).
      type: str
    problem:
      description: Why it cannot be used, as a sentence, C(null) if it can.
      type: str
    identity:
      description: The same for two names of a device, and for all directories of a file system. Empty if missing.
      type: str
    root:
      description: Whether it is a directory on the root file system.
      type: bool
    size:
      description: Bytes that it has for bricks, of a blank device what it will have.
      type: int
    free:
      description: Bytes of them that no brick was promised. Negative if more was promised than there is.
      type: int
    promised:
      description: Bytes that its bricks were promised.
      type: int
    used:
      description: Bytes that its bricks hold, as far as it is known.
      type: int
    bricks:
      description: The bricks of this collection on it.
      type: list
      elements: dict
      contains:
        name:
          description: The brick's name.
          type: str
        volume:
          description: The volume that it was made for.
          type: str
        path:
          description: The directory that Gluster gets.
          type: str
        size:
          description: Bytes that it was promised.
          type: int
        used:
          description: Whether it ever ran as a brick, or anything is in it. C(null) if that cannot be told now.
          type: bool
        state:
          description: C(whole), or C(partial) if something is left to be done.
          type: str
programs:
  description: Which programs this machine has.
  returned: when gathered
  type: dict
  version_added: "0.2.0"
  contains:
    glusterd:
      description: The version of the server's program, C(null) if there is none.
      type: str
    enabled:
      description: Whether it is started at boot, C(null) where systemd does not tell.
      type: bool
    running:
      description: Whether it runs.
      type: bool
    client:
      description: Whether volumes can be mounted.
      type: bool
    lvm:
      description: Whether there is LVM.
      type: bool
    xfs:
      description: Whether XFS can be made.
      type: bool
    openssl:
      description: Whether there is C(openssl).
      type: bool
stored:
  description:
    - By volume, what this server has stored of the options that decide who gets in, in its own file, which its bricks
      go by. A server that could not store, or was down, has others than RV(volumes) tells.
    - Digests to be compared with those of other servers, C(null) where the file cannot be read.
  returned: when gathered
  type: dict
  version_added: "0.2.0"
cluster:
  description: What concerns all servers.
  returned: when gathered
  type: dict
  version_added: "0.2.0"
  contains:
    max_op_version:
      description: The highest op-version that all its servers know.
      type: int
    trash_directories:
      description: By volume, the directory that its trash was given, if not C(.trashcan).
      type: dict
    vanishing:
      description:
        - The volumes of several sets of bricks that have C(cluster.lookup-optimize) on, as it is unless set, so that
          files vanish for clients while they are rebalanced.
      type: list
      elements: str
    daemons:
      description: Of each started volume.
      type: dict
      contains:
        healers:
          description:
            - Its self-heal daemons. C(offline) are the servers where none runs, the asked one as C(localhost).
              C(online) is how many run, by what Gluster says, and C(connected) how many the bricks have as clients.
            - C(null) if it needs none.
          type: dict
        limiters:
          description: Its quota daemons, likewise.
          type: dict
        identities:
          description: Its access list.
          type: list
          elements: str
served:
  description: What the bricks that run answer with.
  returned: when gathered
  type: list
  elements: dict
  version_added: "0.2.0"
  contains:
    volume:
      description: The volume.
      type: str
    server:
      description: The server.
      type: str
    server_uuid:
      description: The server's glusterd UUID.
      type: str
    path:
      description: The directory.
      type: str
    port:
      description: The port that was asked.
      type: int
    common_name:
      description: The identity in the certificate that it shows. C(null), like what follows of it, with a C(problem).
      type: str
    serial:
      description: The certificate's serial number, as in RV(identity).
      type: str
    not_after:
      description: The end of its validity, in UTC.
      type: str
    issuer:
      description: The name of the CA that signed it.
      type: str
    fingerprint_sha256:
      description: Its fingerprint.
      type: str
    plaintext:
      description: Whether it answers without TLS instead.
      type: bool
    problem:
      description: Why it has not answered as it should, C(null) if it has.
      type: str
    clients:
      description: How many clients are connected to it, the servers' own daemons included.
      type: int
machine:
  description: What this machine is.
  returned: when gathered
  type: dict
  version_added: "0.2.0"
  contains:
    version:
      description: GlusterFS's version, C(null) if it is not installed.
      type: str
    uuid:
      description: Its glusterd UUID, C(null) if C(glusterd) never ran here.
      type: str
    op_version:
      description: The op-version of its cluster, C(null) if C(glusterd) never ran here.
      type: int
    clock:
      description:
        - By how many seconds its clock is C(ahead) of the control node's, give or take the C(uncertainty).
        - The control node looks at its own clock right before and after.
      type: dict
      sample: {"ahead": 0.012, "uncertainty": 0.35}
identity:
  description: The asked machine's TLS certificate, C(null) if it has none where its Gluster looks for it.
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
    bundle_sha256:
      description:
        - The SHA-256 sum of the bundle of CA certificates beside it. Must be the same on all machines. C(null) if there
          is none.
      type: str
      version_added: "0.2.0"
    authorities:
      description: The CAs of that bundle.
      type: list
      elements: dict
      version_added: "0.2.0"
      contains:
        common_name:
          description: The CA's name.
          type: str
        not_after:
          description: When it ends, in UTC.
          type: str
          sample: "2036-11-18T07:00:00Z"
        fingerprint_sha256:
          description: The fingerprint of its certificate.
          type: str
    problem:
      description: Why that bundle does not vouch for the certificate on this machine now, C(null) if it does.
      type: str
      version_added: "0.2.0"
    matches:
      description: Whether the private key beside it is the certificate's. If not, Gluster can use neither.
      type: bool
      version_added: "0.2.0"
    key_problem:
      description: Why Gluster cannot use that key whatever it belongs to, in the end of a sentence, C(null) if it can.
      type: str
      version_added: "0.2.0"
    crls:
      description:
        - The lists of revoked certificates that M(glusterops.shares.gluster_tls_identity) has installed, for a volume's
          option C(ssl.crl-path). Empty if there are none.
      type: list
      elements: dict
      version_added: "0.2.0"
      contains:
        issuer:
          description: The name of the CA that signed it.
          type: str
        next_update:
          description: When it ends, in UTC.
          type: str
          sample: "2026-12-21T07:00:00Z"
    lacks_crl:
      description: The CAs of the bundle of which there is none that is valid now.
      type: list
      elements: str
      version_added: "0.2.0"
management:
  description: What this machine tells of the management path.
  returned: when gathered
  type: dict
  version_added: "0.2.0"
  contains:
    switch:
      description: Whether processes of Gluster that start now use TLS on it, by C(/var/lib/glusterd/secure-access).
      type: bool
    begun:
      description: Whether P(glusterops.shares.management_tls#role) has begun to turn it on this server, and not ended.
      type: bool
    serves:
      description: What the C(glusterd) on this machine serves, C(tls) or C(plain), C(null) if none answers.
      type: str
    address:
      description: Where it was asked.
      type: str
    common_name:
      description: The identity with which it answers, C(null) if it serves no TLS.
      type: str
    problem:
      description: Why that identity could not be found out.
      type: str
    servers:
      description: The other servers of its cluster, as C(uuid) and C(hostname).
      type: list
      elements: dict
    apart:
      description: Its bricks and helper daemons that are not connected with a C(glusterd).
      type: list
      elements: str
    rebalances:
      description: The volumes that are being rebalanced on it.
      type: list
      elements: str
    heals:
      description: By volume, how many files its bricks on this server know that wait to be healed, if any.
      type: dict
identities:
  description:
    - What there is of each of O(identities), in their order. Each has its C(common_name), C(scope) and C(key_type), and
      the paths, requests, certificates and CRLs that were found as C(observed), C(null) if that could not be told.
  returned: when gathered, also on failure
  type: list
  elements: dict
  version_added: "0.2.0"
mounts:
  description:
    - C(places) is what was found by mount point; of each what is C(mounted), the C(line) in fstab, the C(directory)
      underneath, whether the client is C(alive), the C(trouble) if it does not answer for another reason, with which
      C(identity) it is mounted, and its C(traits), which are the options that the mount really has.
    - C(helper) is whether mounts with an identity of their own are possible, C(tenants) the identities for it.
  returned: when gathered
  type: dict
  version_added: "0.2.0"
holdings:
  description:
    - The volumes, each with its C(name), C(share), C(state), C(origin), C(free), C(started) and C(sealed).
    - C(heketi_id) is the id of Heketi's that it says it has, and C(brick) the path of its first brick.
  returned: when gathered
  type: list
  elements: dict
  version_added: "0.2.0"
differing:
  description:
    - The names of the shares of O(declared) that are on this cluster and not as declared, or cannot be. Limits are not
      compared, since one server does not know all of them. C(null) if what is declared cannot be read.
  returned: when O(declared) is given
  type: list
  elements: str
  version_added: "0.2.0"
denied:
  description:
    - The shares of O(declared) whose access list lets in somebody whom they do not declare, or is not proven, with
      their C(name) and C(identities).
  returned: when O(declared) is given
  type: dict
  version_added: "0.2.0"
  contains:
    shares:
      description: Those from a pool or a snapshot, by the mark of their volume.
      type: list
      elements: dict
    heketi:
      description: >-
        By the name of a volume and the id that it says it has in Heketi, with a space between, those that are the
        share's if Heketi says so, too.
      type: dict
compared:
  description: A digest of O(declared), by which RV(differing) is known to be about it.
  returned: when O(declared) is given
  type: str
  version_added: "0.2.0"
clients:
  description:
    - By volume, how many clients of each kind its bricks have. Those of kind C(unknown) do not say what they are.
  returned: when gathered
  type: dict
mounted:
  description: By volume that has any, how many clients it has that are none of the servers' own daemons.
  returned: when gathered
  type: dict
  version_added: "0.2.0"
tasks:
  description: By volume, what is being done to it, or was and waits for a commit, as in C(Remove brick - completed).
  returned: when gathered
  type: dict
  version_added: "0.2.0"
free:
  description:
    - The volumes that a pool may give away, if some of O(declared) is to get one. They have no mark, no clients, nobody
      but the infrastructure on their access list, no snapshots, nothing that is being done to them, all their servers
      connected, and no options that a share cannot have.
  returned: when O(declared) is given
  type: list
  elements: str
  version_added: "0.2.0"
problems:
  description: By part that is C(null), why it could not be told.
  returned: when there are any
  type: dict
  version_added: "0.2.0"
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

import contextlib
import functools
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, NotFound, Unreachable
from ansible_collections.glusterops.shares.plugins.module_utils._machines.machine import instance, machine

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._checks.survey import Once
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import SnapshotInfo
    from ansible_collections.glusterops.shares.plugins.module_utils._machines.thin import Lvm
    from ansible_collections.glusterops.shares.plugins.module_utils._tls.handshake import Served
    from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL

CHOICES = (
    "version",
    "peers",
    "volumes",
    "holdings",
    "snapshots",
    "processes",
    "clients",
    "mounted",
    "tasks",
    "limits",
    "bricks",
    "stored",
    "cluster",
    "served",
    "identity",
    "identities",
    "mounts",
    "machine",
    "management",
    "storage",
    "programs",
)
_OF_CLUSTER = (
    "volumes",
    "holdings",
    "snapshots",
    "processes",
    "rebalances",
    "clients",
    "mounted",
    "tasks",
    "cluster",
    "served",
)


class _Told:
    """What this machine and its cluster tell: a method for each part that may be asked for.

    Whatever is imported is compiled on the machine at every call, so each imports what the others may not need.
    """

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._run_command = module.run_command

    @functools.cached_property
    def _cli(self) -> GlusterCli:
        from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

        return GlusterCli(self._run_command)

    @functools.cached_property
    def _once(self) -> Once:
        from ansible_collections.glusterops.shares.plugins.module_utils._checks.survey import Once

        return Once(self._cli)

    @functools.cached_property
    def _lvm(self) -> Lvm:
        from ansible_collections.glusterops.shares.plugins.module_utils._machines.thin import observe

        return observe(self._run_command)

    @functools.cached_property
    def _openssl(self) -> OpenSSL:
        from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL

        return OpenSSL(self._run_command)

    @functools.cached_property
    def machine(self) -> dict[str, t.Any]:
        return machine(self._run_command)

    def version(self) -> str:
        return self._cli.version()

    def peers(self) -> list[dict[str, t.Any]]:
        from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import peers

        return [peer._asdict() for peer in peers(self._cli)]

    def volumes(self) -> list[dict[str, t.Any]]:
        return [{**_volume(volume), "exposing": self._exposing(volume)} for volume in self._once.volumes.values()]

    def holdings(self) -> list[dict[str, t.Any]]:
        from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import is_sealed

        return [
            {
                "name": name,
                **_holding(volume),
                "started": volume.started,
                "sealed": is_sealed(volume),
                # What tells whether Heketi's volume of this name is this one. One brick is enough.
                "heketi_id": volume.options.get("user.heketi.id", ""),
                "brick": volume.bricks[0].path if volume.bricks else "",
            }
            for name, volume in self._once.volumes.items()
        ]

    @functools.cached_property
    def _snapshots_here(self) -> list[SnapshotInfo]:
        from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import snapshots_info

        return snapshots_info()

    def _exposing(self, volume: Volume) -> list[str]:
        """The active snapshots that let in others than the volume does."""
        from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding

        if not volume.snapshots:
            return []
        return list(holding.exposing(volume.name, holding.listed(volume), self._snapshots_here))

    def snapshots(self) -> list[dict[str, t.Any]]:
        from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import snapshots

        found = []
        for one in snapshots(self._cli).values():
            told = one._asdict()
            told["size"], told["used"] = self._lvm.sizes(told.pop("logical")) or (None, None)
            found.append(told)
        return found

    def limits(self) -> dict[str, int | None]:
        from ansible_collections.glusterops.shares.plugins.module_utils._gluster.quota import local_limits

        limits = local_limits(self._once.volumes.values())
        return {name: limit.size if limit else None for name, limit in limits.items()}

    def bricks(self) -> list[dict[str, t.Any]]:
        from ansible_collections.glusterops.shares.plugins.module_utils._checks.survey import bricks

        return bricks(self._once.volumes.values(), self.machine["uuid"], self._lvm)

    def stored(self) -> dict[str, str | None]:
        from ansible_collections.glusterops.shares.plugins.module_utils._machines.stored import stored

        return stored()

    def processes(self) -> dict[str, list[dict[str, t.Any]]]:
        return {name: [one._asdict() for one in processes] for name, processes in self._once.processes.items()}

    def rebalances(self) -> dict[str, str]:
        return self._once.rebalances

    def tasks(self) -> dict[str, tuple[str, ...]]:
        return self._once.tasks

    def clients(self) -> dict[str, dict[str, int]]:
        from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import settled_clients

        return settled_clients(self._cli, self._once.volumes)

    def mounted(self) -> dict[str, int]:
        from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import tenants

        return {name: count for name, kinds in self.clients().items() for count in [tenants(kinds)] if count}

    def cluster(self) -> dict[str, t.Any]:
        from ansible_collections.glusterops.shares.plugins.module_utils._checks.survey import cluster

        return cluster(self._once)

    def served(self) -> list[dict[str, t.Any]]:
        from ansible_collections.glusterops.shares.plugins.module_utils._checks import survey
        from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
        from ansible_collections.glusterops.shares.plugins.module_utils._gluster.plaintext import in_plaintext

        return survey.served(answers.doors(self._cli, self._once.volumes), _handshake(), in_plaintext)

    def identity(self) -> dict[str, t.Any] | None:
        from ansible_collections.glusterops.shares.plugins.module_utils._tls.installed import describe, find_directories

        return describe(find_directories(), self._openssl)

    def identities(self) -> list[dict[str, t.Any]]:
        from ansible_collections.glusterops.shares.plugins.module_utils._tls.identity import look

        wanted = [(one["common_name"], one["scope"]) for one in self._module.params["identities"]]
        return look(wanted, self._openssl)

    def mounts(self) -> dict[str, t.Any]:
        from ansible_collections.glusterops.shares.plugins.module_utils._mounts.places import PASSING, Mounts

        return Mounts(PASSING).look()

    def storage(self) -> list[dict[str, t.Any]]:
        from ansible_collections.glusterops.shares.plugins.module_utils._bricks.observe import check_path, observe

        return observe(self._run_command, list(map(check_path, self._module.params["storage"]))).told()

    def programs(self) -> dict[str, t.Any]:
        from ansible_collections.glusterops.shares.plugins.module_utils._machines.programs import programs

        return programs(self._run_command)

    def management(self) -> dict[str, t.Any]:
        from ansible_collections.glusterops.shares.plugins.module_utils._management import management

        told = dict(management.told(management.ManagementPath()), common_name=None, problem=None, heals={})
        try:
            if told["serves"] == management.TLS:
                told["common_name"] = _handshake()(told["address"], management.PORT).common_name
        except GlusterOpsError as exc:
            told["problem"] = str(exc)
        # A glusterd that begins, or is apart from the others, may not answer.
        with contextlib.suppress(GlusterOpsError):
            if told["serves"]:
                told["heals"] = management.pending_heals(self._once.volumes.values(), self.machine["uuid"])
        return told


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    began = time.time()
    gather, told = set(module.params["gather"]), _Told(module)
    if "processes" in gather:
        gather.add("rebalances")
    found: dict[str, t.Any] = {}
    for part in sorted(gather - {"machine"}):
        try:
            found[part] = getattr(told, part)()
        except (GlusterOpsError, OSError) as exc:
            if not _may_lack(part, exc, gather):
                raise
            found[part] = None
            found.setdefault("problems", {})[part] = str(exc)
    if "machine" in gather:
        # The action plugin has looked at its own clock before, looks again after that, and tells the difference.
        found["machine"] = {**told.machine, "clock": {"began": began, "ended": time.time()}}
    found["instance"] = instance()
    return [], found


def _may_lack(part: str, exc: Exception, gather: t.AbstractSet[str]) -> bool:
    """Whether the other parts are told without this one."""
    # Whoever else mounts here is no reason to know nothing of the machine.
    if part == "mounts" and len(gather) > 1:
        return True
    # Machines of all kinds are asked about themselves, and some lack what the other parts need. What concerns the whole
    # cluster another server may tell.
    return "machine" in gather and (
        isinstance(exc, (NotFound, Unreachable)) or part in _OF_CLUSTER and isinstance(exc, GlusterOpsError)
    )


def _volume(volume: Volume) -> dict[str, t.Any]:
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import is_sealed, listed

    return {
        **volume._asdict(),
        "bricks": [brick._asdict() for brick in volume.bricks],
        **_holding(volume),
        "started": volume.started,
        "sealed": is_sealed(volume),
        "identities": listed(volume),
    }


def _holding(volume: Volume) -> dict[str, t.Any]:
    from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding

    mark = holding.mark_of(volume)
    return {
        "share": holding.share_of(volume),
        "state": mark.state if mark else None,
        "origin": mark.origin if mark else None,
        "free": holding.marked(volume) is None,
    }


def _handshake() -> t.Callable[[str, int], Served]:
    """How a brick is asked, or told that this server cannot."""
    from ansible_collections.glusterops.shares.plugins.module_utils._tls import handshake
    from ansible_collections.glusterops.shares.plugins.module_utils._tls.installed import find_directories

    try:
        tls = handshake.context(find_directories()[0])
    except NotFound as exc:
        missing = exc

        def refuse(_host: str, _port: int) -> Served:
            raise missing

        return refuse
    return lambda host, port: handshake.served(tls, host, port)


def spec() -> dict[str, t.Any]:
    return {
        "gather": {
            "type": "list",
            "elements": "str",
            "choices": list(CHOICES),
            "default": ["version", "peers", "volumes"],
        },
        "identities": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "common_name": {"type": "str", "required": True},
                "scope": {"type": "str", "choices": ["machine", "tenant"], "default": "machine"},
                "key_type": {"type": "str", "default": "ecdsa-p256"},
            },
        },
        "storage": {"type": "list", "elements": "str", "default": []},
        # These are for the action plugin of the same name, which does not pass them on.
        "query": {"type": "str"},
        "declared": {"type": "dict"},
        "known": {"type": "dict"},
        "whole": {"type": "bool", "default": False},
    }


def main() -> t.NoReturn:
    _reconcile.run(AnsibleModule(argument_spec=spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
