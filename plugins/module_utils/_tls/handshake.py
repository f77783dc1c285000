# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import re
import socket
import ssl
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, NotFound
from ansible_collections.glusterops.shares.plugins.module_utils._tls.installed import BUNDLE, CERTIFICATE, KEY

_SHORT = {
    "commonName": "CN",
    "countryName": "C",
    "domainComponent": "DC",
    "localityName": "L",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "stateOrProvinceName": "ST",
}

_Name = t.Tuple[t.Tuple[t.Tuple[str, str], ...], ...]


class Served(t.NamedTuple):
    """The certificate that a port shows, in the words of openssl.Certificate."""

    common_name: str
    issuer: str
    serial: str
    not_after: str
    fingerprint_sha256: str


def context(directory: str) -> ssl.SSLContext:
    """TLS as this machine's Gluster speaks it, with the identity in C(directory). Raises NotFound if there is none."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Gluster compares no host names: the CN alone is the identity.
    tls.check_hostname = False
    try:
        tls.load_verify_locations(os.path.join(directory, BUNDLE))
        tls.load_cert_chain(os.path.join(directory, CERTIFICATE), os.path.join(directory, KEY))
    except (OSError, ssl.SSLError) as exc:
        raise NotFound(f"This server has no TLS identity in {directory} ({exc}): run the tls role first.") from None
    return tls


def served(tls: ssl.SSLContext, host: str, port: int, timeout: float = 10.0) -> Served:
    """What a brick answers with. GlusterOpsError if it does not, or shows a certificate of another CA."""
    try:
        with socket.create_connection((host, port), timeout) as plain, tls.wrap_socket(plain) as answered:
            told = t.cast("dict[str, t.Any]", answered.getpeercert() or {})
            der = answered.getpeercert(binary_form=True) or b""
    except ssl.SSLError as exc:
        reason = getattr(exc, "verify_message", "") or exc.reason or str(exc)
        raise GlusterOpsError(f"no TLS that is trusted here ({reason})") from None
    except OSError as exc:
        raise GlusterOpsError(f"no answer ({exc})") from None
    names = [value for part in told.get("subject", ()) for key, value in part if key == "commonName"]
    if not names:
        raise GlusterOpsError("a certificate without a name")
    end = time.gmtime(ssl.cert_time_to_seconds(told["notAfter"]))
    return Served(
        common_name=names[0],
        issuer=_rfc2253(told["issuer"]),
        serial=told["serialNumber"],
        not_after=time.strftime("%Y-%m-%dT%H:%M:%SZ", end),
        fingerprint_sha256=re.sub("..(?!$)", r"\g<0>:", hashlib.sha256(der).hexdigest().upper()),
    )


def _rfc2253(name: _Name) -> str:
    parts = ["+".join(f"{_SHORT.get(key, key)}={_escaped(value)}" for key, value in part) for part in name]
    return ",".join(reversed(parts))


def _escaped(value: str) -> str:
    return re.sub(r'^[# ]|[,+"\\<>;]| $', r"\\\g<0>", value)
