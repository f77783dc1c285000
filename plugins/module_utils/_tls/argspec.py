# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import dataclasses
import typing as t

from ansible.module_utils.basic import env_fallback
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_common_name
from ansible_collections.glusterops.shares.plugins.module_utils._tls import adoption
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
            "options": {
                "common_name": {"type": "str", "required": True},
                "csr": {"type": "str"},
                "bundle": {"type": "str"},
                "certificate": {"type": "str"},
                "server": {"type": "bool", "default": False},
            },
        },
        "other_cas": {"type": "str", "choices": list(adoption.CHOICES), "default": adoption.REFUSE},
        "sign_others": {"type": "bool", "default": False},
        "absent": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {"name": {"type": "str", "required": True}, "server": {"type": "bool", "default": False}},
        },
        "installed_crls": {"type": "list", "elements": "str", "default": []},
    }


class Requests:
    """What is to be signed: the requests of the option C(sign). Raises BadInput if one is bad, unless C(sign_others) is
    set: then it is told in its answer, and holds no other back.

    good: those that are to be signed. absent: who has to trust the CA, and has none among these.
    """

    def __init__(self, params: t.Mapping[str, t.Any], check_mode: bool) -> None:
        items, others = params["sign"], params["sign_others"]
        self._items = items
        self._refused: dict[int, str] = {}
        read: dict[int, Request] = {}
        for number, item in enumerate(items):
            check_common_name(item["common_name"], "sign: common_name")
            try:
                request = parse_request(item["common_name"], item["csr"], csr_optional=check_mode)
            except BadInput as exc:
                if not others:
                    raise
                self._refused[number] = str(exc) if item["csr"] else _none_for(item["common_name"])
            else:
                has = {name: item[name] for name in ("bundle", "certificate", "server") if name in item}
                read[number] = dataclasses.replace(request, **has)
        if others:
            for number, why in _sharing(read).items():
                self._refused[number] = why
                del read[number]
        self.good = tuple(read.values())
        bad = (adoption.Absent(items[number]["common_name"], why=why) for number, why in self._refused.items())
        self.absent = (*(adoption.Absent(**item) for item in params["absent"]), *bad)

    def answers(self, signed: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
        """An answer to each. signed: those to the good ones, in their order."""
        theirs = iter(signed)
        nothing = dict.fromkeys(("certificate", "fingerprint_sha256", "not_after", "serial"))
        return [
            (
                {
                    **{name: item[name] for name in ("common_name", "csr")},
                    **{"changed": False, "revoked": False, **nothing, "refused": self._refused[number]},
                }
                if number in self._refused
                else {"refused": None, **next(theirs)}
            )
            for number, item in enumerate(self._items)
        ]


def _none_for(name: str) -> str:
    return f"sign: what was answered has no request for {name!r}."


def _sharing(requests: t.Mapping[int, Request]) -> dict[int, str]:
    """Why those are not signed that come with the key of another one: nobody knows whose it is."""
    by_key: dict[str, list[int]] = {}
    for number, request in requests.items():
        if request.public_key_sha256:
            by_key.setdefault(request.public_key_sha256, []).append(number)
    return {
        number: (
            f"sign: the csr of {requests[number].common_name!r} has the same key as another one: each machine needs a"
            " key of its own. Have new ones made with tls_renew_key, if a machine was copied."
        )
        for numbers in by_key.values()
        if len(numbers) > 1
        for number in numbers
    }
