# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import Request, parse_request


def ca_spec() -> dict[str, dict[str, t.Any]]:
    """The options of every module that signs with the CA: those of the doc fragment C(_ca)."""
    return {
        "path": {"type": "path", "required": True},
        "passphrase": {
            "type": "str",
            "required": True,
            "no_log": True,
            "fallback": (env_fallback, ["GLUSTEROPS_CA_PASSPHRASE"]),
        },
        "valid_days": {"type": "int", "default": 365},
        "renew_before_days": {"type": "int", "default": 30},
    }


def sign_spec() -> dict[str, dict[str, t.Any]]:
    """The requests of machines: the doc fragment C(_ca.sign)."""
    return {
        "sign": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {"common_name": {"type": "str", "required": True}, "csr": {"type": "str"}},
        }
    }


def read_requests(items: t.Iterable[t.Mapping[str, t.Any]], check_mode: bool) -> tuple[Request, ...]:
    """The requests of the option C(sign). Raises BadInput."""
    return tuple(parse_request(item["common_name"], item["csr"], csr_optional=check_mode) for item in items)
