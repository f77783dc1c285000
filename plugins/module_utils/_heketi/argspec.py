# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import DURABILITIES


def connection_spec() -> dict[str, dict[str, t.Any]]:
    """The options of every module that talks to Heketi: those of the doc fragment C(_heketi)."""
    return {
        "heketi_url": {"type": "str", "required": True, "fallback": (env_fallback, ["HEKETI_CLI_SERVER"])},
        "heketi_user": {"type": "str", "default": "admin", "fallback": (env_fallback, ["HEKETI_CLI_USER"])},
        "heketi_key": {
            "type": "str",
            "required": True,
            "no_log": True,
            "fallback": (env_fallback, ["HEKETI_CLI_KEY"]),
        },
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "request_timeout": {"type": "int", "default": 30},
        "operation_timeout": {"type": "int", "default": 3600},
        "poll_interval": {"type": "float", "default": 1.0},
        "unreachable_timeout": {"type": "int", "default": 120},
    }


def volume_spec() -> dict[str, dict[str, t.Any]]:
    """The options of one volume: those of the doc fragment C(_heketi_volume)."""
    return {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "size": {"type": "str"},
        "spare_factor": {"type": "float", "default": 1.0},
        "clone_of": {"type": "str"},
        "durability": {"type": "str", "choices": list(DURABILITIES), "default": "replicate-3"},
        "clusters": {"type": "list", "elements": "str", "default": []},
        "snapshot_factor": {"type": "float"},
        "gid": {"type": "int"},
        "volume_options": {"type": "dict", "default": {}},
        "seal": {"type": "list", "elements": "str"},
    }


def making_spec() -> dict[str, dict[str, t.Any]]:
    """What is said about the making of volumes, whether of one or of many."""
    return {
        "known_volumes": {"type": "list", "elements": "raw"},
        "known_servers": {"type": "list", "elements": "str"},
        "clean_up": {"type": "bool", "default": False},
        "check_room": {"type": "bool", "default": True},
    }
