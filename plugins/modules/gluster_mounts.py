#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_mounts
short_description: Mount GlusterFS shares on this host, persistently
version_added: "0.1.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Mounts shares now and, by C(/etc/fstab), at every boot.
  - Guards the directory underneath. It gets mode 0 and, where the file system has it, the immutable flag, so that
    nothing can be written to the local disk while the share is not mounted. Gluster ends a mount when the server
    denies its identity, and programs would then go on writing locally.
  - Proves that a share is mounted by asking it, because the mount program says success too early.
  - A mount whose client has died is mounted again. One that only does not answer is never replaced, as it comes back by
    itself and somebody may have files open; that is an error that names the cause.
  - What a mount has of O(mounts[].options) is compared with what is asked for. The kernel's flags (V(ro), V(nosuid)
    and the like) are changed while the mount is in use. For other options it is unmounted and mounted again, or, if
    somebody uses it, the module fails.
  - An automount of the share is a mount. It is asked, so that it mounts, and nothing is mounted over it.
  - All mounts are checked before the first one is changed.
options:
  mounts:
    description: The mounts. Others are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      share:
        description: The share.
        type: str
        required: true
      volume:
        description: The volume that holds it. The one of its own name, unless given.
        type: str
        version_added: "0.2.0"
      path:
        description:
          - The mount point. It must be empty or missing, unless the share is mounted there already, and C(/etc/fstab)
            must have nothing else for it.
          - Symbolic links are followed, and what they lead to is what C(/etc/fstab) gets.
          - Needed with O(mounts[].state=mounted). With V(absent) only that mount is removed, or all mounts of the share
            if there is none.
        type: str
      servers:
        description:
          - The servers to ask for the volume's layout, the first that answers is taken.
          - Needed with O(mounts[].state=mounted). With V(absent) only mounts from these are removed, so that a volume
            of the same name on another cluster stays mounted; mounts from any server if there are none.
          - What is mounted is from one of them if it has its name or address, or if its client is connected to one of
            them. If O(mounts[].path) has a volume of that name of which this cannot be said, the module fails.
          - Addresses of IPv6 may be in brackets.
        type: list
        elements: str
        default: []
      options:
        description:
          - Further mount options, for example V(log-level=WARNING).
          - Whatever C(mount.glusterfs) of this machine takes, and options for systemd such as
            V(x-systemd.requires=network-online.target).
        type: list
        elements: str
        default: []
      identity:
        description:
          - The tenant on whose behalf it is mounted. The host must have a certificate of that name besides its own, see
            O(glusterops.shares.gluster_tls_identity#module:scope). The host's own, unless given.
          - Such a mount has the type C(glusterfs-tenant) in C(/etc/fstab), and this module keeps a small program for
            it, C(/sbin/mount.glusterfs-tenant), up to date. It knows most options of C(mount.glusterfs).
          - The share is mounted anew if it is mounted with another identity.
        type: str
        version_added: "0.2.0"
      state:
        description:
          - V(mounted) for a share that is mounted now and at boot.
          - V(absent) unmounts it, and removes its line in C(/etc/fstab) and the guarded directory.
        type: str
        choices: [mounted, absent]
        default: mounted
  timeout:
    description:
      - For how many seconds a mount is waited for until it answers, and a program that mounts until it ends.
      - A mount that answers nothing for so long is an error that names the cause, and is left as it is. Gluster itself
        waits 42 seconds for a brick (C(network.ping-timeout)), so choose more than that.
    type: int
    default: 60
    version_added: "0.2.0"
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
notes:
  - The machine needs the GlusterFS client, and its identity where that client looks for it. See
    M(glusterops.shares.gluster_tls_identity).
  - Where systemd runs the machine, it is told when C(/etc/fstab) has changed, so that its units are current.
seealso:
  - module: glusterops.shares.gluster_tls_identities
"""

EXAMPLES = r"""
- name: Mount a share
  glusterops.shares.gluster_mounts:
    mounts:
      - share: tenant-a-data
        path: /srv/data
        servers: [server1, server2, server3]

- name: Mount a share that is on a volume of another name
  glusterops.shares.gluster_mounts:
    mounts:
      - share: tenant-b-data
        volume: manila-pool-200G-7
        path: /srv/data-b
        servers: [server1, server2, server3]

- name: Mount shares of two tenants, each with the tenant's own identity
  glusterops.shares.gluster_mounts:
    mounts:
      - share: tenant-a-data
        path: /srv/tenants/a
        servers: [server1, server2, server3]
        identity: tenant-a
      - share: tenant-b-data
        path: /srv/tenants/b
        servers: [server1, server2, server3]
        identity: tenant-b

- name: Remove it wherever it is mounted on this host
  glusterops.shares.gluster_mounts:
    mounts:
      - share: tenant-a-data
        state: absent
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in order. After a failure, what was changed before it.
  returned: always
  type: list
  elements: dict
  sample: [{"subject": "/srv/data", "what": "mounted", "before": null, "after": "tenant-a-data"}]
mounts:
  description: The mounts as they were observed afterwards.
  returned: success, except in check mode with changes
  type: list
  elements: dict
  contains:
    share:
      description: The share.
      type: str
    path:
      description: The mount point.
      type: str
    mounted:
      description: Whether the share is mounted there and answers.
      type: bool
    guarded:
      description: Whether the directory underneath is guarded.
      type: bool
    identity:
      description: The identity with which it is mounted, C(null) if that is the host's own.
      type: str
      version_added: "0.2.0"
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import STATES, read_wanted
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mounts import Mounter, reconcile


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    if module.params["timeout"] < 1:
        raise BadInput(f"timeout {module.params['timeout']} is not a number of seconds, at least 1.")
    machine = Mounter(module.run_command, module.params["timeout"])
    mounts = read_wanted(module.params["mounts"], machine.everywhere)
    changes, found = reconcile(machine, mounts, module.check_mode)
    return changes, {"mounts": found} if found or not mounts else {}


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "mounts": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "share": {"type": "str", "required": True},
                    "volume": {"type": "str"},
                    "path": {"type": "str"},
                    "servers": {"type": "list", "elements": "str", "default": []},
                    "options": {"type": "list", "elements": "str", "default": []},
                    "identity": {"type": "str"},
                    "state": {"type": "str", "choices": list(STATES), "default": "mounted"},
                },
            },
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
