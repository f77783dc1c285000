#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_check
short_description: Judge whether servers and hosts are as shares need them
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what M(glusterops.shares.gluster_info) told on all machines, and says what is wrong and what to do about it.
    Changes nothing, asks nobody, and may run anywhere.
  - The role P(glusterops.shares.check#role) gathers what it needs, and shows what it finds.
  - An error is what makes harm likely, or further work impossible. A warning is what somebody should see to. The module
    itself does not fail because of either.
options:
  machines:
    description: The servers and hosts.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its inventory name.
        type: str
        required: true
      common_name:
        description: The identity it must have. None for hosts of tenants, who may have any that is not reserved.
        type: str
      told:
        description:
          - What M(glusterops.shares.gluster_info) returned there for V(machine) and V(identity), on servers also for
            V(peers), and for V(bricks) if snapshots are wanted.
          - Of a machine that failed or could not be reached, the result that says so.
        type: dict
        default: {}
  clusters:
    description: The clusters. Each is one pool of servers.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its inventory group.
        type: str
        required: true
      servers:
        description: The inventory names of its servers.
        type: list
        elements: str
        required: true
      asked:
        description: The server that was asked about the whole cluster. None if no server answers.
        type: str
      told:
        description:
          - What M(glusterops.shares.gluster_info) returned there for V(cluster), and for V(volumes), V(clients) and
            V(served) if all that concerns TLS is wanted.
        type: dict
        default: {}
      infrastructure:
        description: The identities that must be on each of its access lists, those of all its servers to begin with.
        type: list
        elements: str
        default: []
  shares:
    description:
      - The declared shares, whose access lists are compared. If there are none, only O(clusters[].infrastructure) is.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The share.
        type: str
        required: true
      identities:
        description: The identities of the tenants who may mount it.
        type: list
        elements: str
        default: []
  ca_days:
    description: How many days before its end a CA that machines trust is to be replaced.
    type: int
    default: 730
  reserved_prefixes:
    description: What the identities of servers and management hosts begin with, and no tenant's may.
    type: list
    elements: str
    default: []
  tolerate:
    description: Checks whose errors count as warnings.
    type: list
    elements: str
    choices:
      - reachable
      - twins
      - version
      - clusters
      - connected
      - op-version
      - certificate
      - authority
      - pair
      - bundle
      - name
      - clock
      - trash
      - rebalance
      - stored
      - self-heal
      - quota
      - sealed
      - list
      - crl
      - served
      - plaintext
      - thin-bricks
    default: []
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.info
seealso:
  - module: glusterops.shares.gluster_info
"""

EXAMPLES = r"""
- name: Ask each server about itself
  glusterops.shares.gluster_info:
    gather: [machine, identity, peers]
  register: itself

- name: Ask one server about its cluster
  glusterops.shares.gluster_info:
    gather: [cluster]
  register: cluster
  delegate_to: server1
  run_once: true

- name: Judge what they said
  glusterops.shares.gluster_check:
    machines:
      - name: server1
        common_name: glusterfs-server-server1
        told: "{{ hostvars.server1.itself }}"
      - name: server2
        common_name: glusterfs-server-server2
        told: "{{ hostvars.server2.itself }}"
    clusters:
      - name: gluster_servers
        servers: [server1, server2]
        asked: server1
        told: "{{ cluster }}"
  register: judgement
  delegate_to: localhost
  run_once: true

- name: Show it
  ansible.builtin.debug:
    var: judgement.table
  run_once: true
"""

RETURN = r"""
findings:
  description: What was found, errors first. Empty if all is well.
  returned: success
  type: list
  elements: dict
  contains:
    severity:
      description: C(error) or C(warning).
      type: str
    what:
      description: The check, one of the choices of O(tolerate).
      type: str
    where:
      description: The machines, clusters, volumes or bricks.
      type: list
      elements: str
    found:
      description: What was found there.
      type: str
    advice:
      description: What to do about it.
      type: str
  sample:
    - severity: error
      what: bundle
      where: [web1]
      found: another bundle of CA certificates (SHA-256 1f0e8a2c...) than on server1, server2, server3 (8a5a3bde...)
      advice: "Run the playbook glusterops.shares.tls on all machines together: else they refuse each other."
checked:
  description: The checks that could be made.
  returned: success
  type: list
  elements: str
table:
  description: The findings and what was checked, as lines of plain text.
  returned: success
  type: list
  elements: str
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: bad_input
"""
