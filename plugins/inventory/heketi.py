# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: heketi
short_description: Heketi's servers as an inventory
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Every server that Heketi has becomes a host, reached by the name by which Heketi manages it.
  - Hosts are in the group O(group) and in a group for their cluster, for their zone and for each of their tags, such as
    C(heketi_cluster_672519f5d02e9260f87f47f689e66394), C(heketi_zone_1) and C(heketi_tag_rack_a).
  - A host has the variables C(heketi_id), C(heketi_cluster), C(heketi_manage), C(heketi_storage), C(heketi_zone),
    C(heketi_state), C(heketi_tags) and C(heketi_devices). Each device has a C(name), C(state), C(size), C(free) and
    C(tags), where sizes are bytes.
  - Servers and devices that are offline or failed are there, too. C(heketi_state) tells them apart.
  - The configuration is a YAML file whose name ends in C(heketi.yml) or C(heketi.yaml).
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Marks the file as a configuration of this plugin.
    type: str
    required: true
    choices: [glusterops.shares.heketi]
  heketi_url:
    description:
      - Where Heketi answers, for example V(https://heketi.example.com:8080).
      - May be a template with lookups and extra variables.
    type: str
    required: true
    env:
      - name: HEKETI_CLI_SERVER
  heketi_user:
    description:
      - Heketi's user. Only V(admin) can do what is needed.
      - May be a template with lookups and extra variables.
    type: str
    default: admin
    env:
      - name: HEKETI_CLI_USER
  heketi_key:
    description:
      - The secret of O(heketi_user) (Heketi's C(jwt.admin.key)).
      - May be a template with lookups and extra variables, or encrypted by C(ansible-vault encrypt_string).
    type: str
    required: true
    env:
      - name: HEKETI_CLI_KEY
  validate_certs:
    description: Whether Heketi's certificate is verified when O(heketi_url) is an C(https) one.
    type: bool
    default: true
  ca_path:
    description: A file with the CA certificates to verify Heketi's certificate with, instead of the system's.
    type: path
  request_timeout:
    description: How long a single request may take, in seconds.
    type: int
    default: 30
  group:
    description: The group that all servers are in.
    type: str
    default: gluster_servers
  hostname:
    description: Which of a server's two names is its name in the inventory. It is reached by the first in either case.
    type: str
    choices:
      manage: The name by which Heketi logs in to it.
      storage: The name or address by which its bricks are reached.
    default: manage
requirements:
  - requests
notes:
  - The cache, which is off unless O(cache) is on, has what Heketi told and never the key. It is separate for each
    configuration file and O(heketi_url), and read anew with C(--flush-cache).
  - In AWX and automation controller, put the configuration into a project as C(heketi.yml), without connection options,
    and add an inventory source to an inventory that is sourced from this project and file. Give it a credential of a
    custom type that sets E(HEKETI_CLI_SERVER) and E(HEKETI_CLI_KEY), as in the examples. The execution environment
    needs this collection and C(requests).
seealso:
  - module: glusterops.shares.gluster_heketi_info
    description: All that Heketi has, for playbooks.
"""

EXAMPLES = r"""
# heketi.yml: address and key come from HEKETI_CLI_SERVER and HEKETI_CLI_KEY
plugin: glusterops.shares.heketi

---
# production.heketi.yml: the key is encrypted, or comes from elsewhere
plugin: glusterops.shares.heketi
heketi_url: https://heketi.example.com:8080
heketi_key: "{{ lookup('ansible.builtin.file', '/etc/heketi/admin.key') }}"
ca_path: /etc/heketi/ca.pem
# Ask Heketi once in ten minutes
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /var/cache/ansible-inventory
cache_timeout: 600

---
# heketi.yml: more groups, and variables of one's own
plugin: glusterops.shares.heketi
hostname: storage
compose:
  ansible_user: "'root'"
  free_gib: heketi_devices | map(attribute='free') | sum // 1024**3
groups:
  away: heketi_state != 'online'
keyed_groups:
  - key: heketi_tags.rack | default('none')
    prefix: rack

---
# The custom credential type of AWX: input configuration
fields:
  - {id: url, type: string, label: Heketi's address}
  - {id: key, type: string, label: Key of Heketi's admin, secret: true}
required: [url, key]

---
# The custom credential type of AWX: injector configuration
env:
  HEKETI_CLI_SERVER: "{{ url }}"
  HEKETI_CLI_KEY: "{{ key }}"
"""

import hashlib
import typing as t

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import reading, strangers
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import Connection
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import Node

_TEMPLATES = ("heketi_url", "heketi_user", "heketi_key")
_OPTIONS = (*_TEMPLATES, "validate_certs", "ca_path", "request_timeout")
# Seconds for which a Heketi that cannot be reached is tried: every command of Ansible's asks.
_PATIENCE = 5

Variables = t.Dict[str, t.Any]


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "glusterops.shares.heketi"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(("heketi.yml", "heketi.yaml"))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        _check_bool("validate_certs", self._read_config_data(path))
        if not self.get_option("group"):
            raise AnsibleParserError("group is empty: name the group that all servers shall be in, or leave group out.")
        try:
            servers = self._servers(self._connection(), path, cache)
        except GlusterOpsError as exc:
            # It would be said twice.
            raise AnsibleParserError(str(exc)) from None
        for name, variables in sorted(self._named(servers).items()):
            self._add(inventory, name, _inert(variables))

    def _connection(self) -> Connection:
        options = {name: self.get_option(name) for name in _OPTIONS}
        self.templar.available_variables = self._vars or {}
        for name in _TEMPLATES:
            try:
                options[name] = str(self.templar.template(options[name]))
            except AnsibleError as exc:
                # It may quote the template, and a wrong one may be a key.
                why = str(exc).replace(options[name], "...")
                raise AnsibleParserError(f"{name} is a template that cannot be evaluated: {why}") from None
        # Nothing is changed, so there is nothing to wait for; but a request may be tried again for so long.
        times = {"operation_timeout": 600, "poll_interval": 1, "unreachable_timeout": _PATIENCE}
        return Connection.from_params({**options, **times})

    def _servers(self, connection: Connection, path: str, cache: bool) -> list[Variables]:
        """The variables of every server: from the cache if it may be used and has them, else from Heketi."""
        if not self.get_option("cache"):
            return _read(connection)
        address = hashlib.sha256(connection.url.encode()).hexdigest()[:12]
        key = f"{self.get_cache_key(path)}_{address}"
        # cache is false when it is to be refreshed.
        if not cache or key not in self._cache:
            self._cache[key] = _read(connection)
        return self._cache[key]

    def _named(self, servers: t.Sequence[Variables]) -> dict[str, Variables]:
        """The servers by their names in the inventory."""
        option = f"heketi_{self.get_option('hostname')}"
        named: dict[str, Variables] = {}
        for server in servers:
            for name in (server[option], server["ansible_host"]):
                if wrong := strangers.no_name(name):
                    raise AnsibleParserError(f"{wrong} Take it out of Heketi.")
            other = named.setdefault(server[option], server)
            if other is not server:
                raise AnsibleParserError(
                    f"Two servers have the {option[7:]} name {server[option]!r}, {other['heketi_id']} in cluster"
                    f" {other['heketi_cluster']} and {server['heketi_id']} in cluster {server['heketi_cluster']}:"
                    " set the option hostname to the other of their names."
                )
        return named

    def _add(self, inventory: InventoryData, name: str, variables: Variables) -> None:
        tags = [f"heketi_tag_{tag}_{value}" for tag, value in variables["heketi_tags"].items()]
        cluster, zone = (f"heketi_{what}_{variables[f'heketi_{what}']}" for what in ("cluster", "zone"))
        inventory.add_host(name)
        for group in (self.get_option("group"), cluster, zone, *tags):
            inventory.add_child(inventory.add_group(self._sanitize_group_name(group)), name)
        for variable, value in variables.items():
            inventory.set_variable(name, variable, value)
        strict = self.get_option("strict")
        known = inventory.hosts[name].get_vars()
        self._set_composite_vars(self.get_option("compose"), known, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), known, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, name, strict=strict)


def _check_bool(option: str, config: t.Mapping[str, t.Any]) -> None:
    """Ansible takes whatever is not true for false: a slip would leave certificates unverified."""
    try:
        boolean(config.get(option, True))
    except TypeError:
        raise AnsibleParserError(f"{option} {config[option]!r} is neither true nor false.") from None


def _read(connection: Connection) -> list[Variables]:
    clusters = reading.clusters(HeketiClient(connection))
    return [_variables(node) for cluster in clusters for node in cluster.nodes]


def _inert(value: t.Any) -> t.Any:
    """The same, where what others wrote into Heketi is no template."""
    if isinstance(value, dict):
        return {key: _inert(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_inert(entry) for entry in value]
    return wrap_var(value) if isinstance(value, str) and "{" in value else value


def _variables(node: Node) -> Variables:
    return {
        "ansible_host": node.manage,
        "heketi_id": node.id,
        "heketi_cluster": node.cluster,
        "heketi_manage": node.manage,
        "heketi_storage": node.storage,
        "heketi_zone": node.zone,
        "heketi_state": node.state,
        "heketi_tags": dict(node.tags),
        "heketi_devices": [
            {
                "name": device.name,
                "state": device.state,
                "size": device.total,
                "free": device.free,
                "tags": dict(device.tags),
            }
            for device in node.devices
        ],
    }
