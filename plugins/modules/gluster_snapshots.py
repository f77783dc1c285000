#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_snapshots
short_description: Regular snapshots of many GlusterFS shares, of which the last ones are kept
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - For scheduled runs. Makes the next snapshot of each share, unless that of the present period is there already, and
    then deletes those of the same series that are too many or too old. Other snapshots are never touched.
  - A series is a share and a prefix. Its snapshots are called C(PREFIX-SHARE-TIME), where the time is when the period
    began, in UTC, as in V(nightly-tenant-a-data-20261121T000000Z). RV(snapshots[].created) tells when each was made.
  - A run that is repeated within the period changes nothing, and one that was interrupted is finished by the next.
  - The next snapshot is made before earlier ones are deleted. Only where the volume has as many snapshots as it may
    have, those that were too many or too old anyway are deleted first. What cannot get its next keeps all it has.
  - A share for which this cannot be done does not stop the others. The task fails at the end, with what was in the way
    of each. That is looked for beforehand as by M(glusterops.shares.gluster_snapshot).
  - When nothing has to be done, two calls of C(gluster) observe the whole cluster, however many shares there are.
  - Runs on any one server of the cluster. Use the same server for all runs.
options:
  shares:
    description: The shares. One may stand here several times, with different prefixes.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The share.
        type: str
        required: true
      prefix:
        description: What the snapshots' names begin with.
        type: str
        required: true
      every:
        description:
          - The period. In each a snapshot is made by the first run.
          - A number and C(m) (minutes), C(h), C(d) or C(w). Periods begin at multiples of it since a Monday, 00:00 UTC.
        type: str
        default: 1d
      keep:
        description: How many are kept at most. This or O(shares[].keep_for) must be given.
        type: int
      keep_for:
        description:
          - How long each is kept, written as O(shares[].every), as in V(30d).
          - With O(shares[].keep) also given, what is too old goes although it is not too many, and the other way round.
          - The newest of a series is never deleted for its age.
        type: str
  now:
    description:
      - The time, in seconds since 1970, that decides which period it is and what is too old.
      - There is no need to set it. It is the control node's when the task begins. A server whose clock differs from
        that by more than two minutes is refused, because Gluster stamps the snapshots with its own.
    type: float
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._attributes.progress
seealso:
  - module: glusterops.shares.gluster_snapshot
"""

EXAMPLES = r"""
- name: A snapshot a day for a week, and one a week for half a year
  glusterops.shares.gluster_snapshots:
    shares:
      - name: tenant-a-data
        prefix: daily
        keep: 7
      - name: tenant-a-data
        prefix: weekly
        every: 1w
        keep_for: 26w
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in order.
  returned: always
  type: list
  elements: dict
  sample: [{"subject": "daily-tenant-a-data-20261121T000000Z", "what": "snapshot", "before": null,
            "after": "tenant-a-data"}]
snapshots:
  description:
    - The snapshots of all series as they were observed afterwards, by series in the order of O(shares), oldest first.
    - In check mode as they are.
  returned: when the cluster could be asked
  type: list
  elements: dict
  contains:
    name:
      description: The snapshot.
      type: str
    share:
      description: The share.
      type: str
    volume:
      description: The volume that it was made of.
      type: str
    created:
      description: When it was made, in UTC.
      type: str
      sample: "2026-11-21T02:00:04Z"
    description:
      description: The line about it.
      type: str
    active:
      description: Whether its bricks run.
      type: bool
    size:
      description: Bytes of its bricks on this server, C(null) if it has none here.
      type: int
    used:
      description: Bytes stored in them, most of which it shares with the volume, C(null) if it has none here.
      type: int
server:
  description: The UUID of this server.
  returned: when the cluster could be asked
  type: str
bricks:
  description:
    - By share, the UUIDs of the servers that have bricks of it. Each sees its own thin pools only, so all of them have
      to look (in check mode) before a snapshot is known to be possible.
  returned: when the cluster could be asked
  type: dict
failures:
  description: The series for which it could not be done. Each has its C(share), its C(prefix), and why (C(msg)).
  returned: when there are any
  type: list
  elements: dict
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: refused
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.reconcile import reconcile_series
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.series import (
    Series,
    check_clock,
    parse_duration,
)


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    series = [
        Series(
            share=share["name"],
            prefix=share["prefix"],
            every=parse_duration(share["every"], f"{share['name']}: every"),
            keep=share["keep"],
            keep_for=(
                None if share["keep_for"] is None else parse_duration(share["keep_for"], f"{share['name']}: keep_for")
            ),
        )
        for share in module.params["shares"]
    ]
    cluster, progress = LiveCluster(GlusterCli(module.run_command)), Progress(module.params["progress_file"])
    here = time.time()
    now = here if module.params["now"] is None else module.params["now"]
    check_clock(now, here)
    return reconcile_series(cluster, series, now, module.check_mode, progress)


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "shares": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "prefix": {"type": "str", "required": True},
                    "every": {"type": "str", "default": "1d"},
                    "keep": {"type": "int"},
                    "keep_for": {"type": "str"},
                },
            },
            "now": {"type": "float"},
            "progress_file": {"type": "path"},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
