# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import os
import socket
import ssl
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, NotFound
from ansible_collections.glusterops.shares.plugins.module_utils._tls.identity import BUNDLE, CERTIFICATE, KEY


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


def common_name(tls: ssl.SSLContext, host: str, port: int, timeout: float = 10.0) -> str:
    """The CN with which a brick answers. GlusterOpsError if it does not, or shows a certificate of another CA."""
    try:
        with socket.create_connection((host, port), timeout) as plain, tls.wrap_socket(plain) as answered:
            certificate = answered.getpeercert() or {}
    except ssl.SSLError as exc:
        reason = getattr(exc, "verify_message", "") or exc.reason or str(exc)
        raise GlusterOpsError(f"no TLS that is trusted here ({reason})") from None
    except OSError as exc:
        raise GlusterOpsError(f"no answer ({exc})") from None
    subject = t.cast(t.Tuple[t.Tuple[t.Tuple[str, str], ...], ...], certificate.get("subject", ()))
    names = [value for part in subject for key, value in part if key == "commonName"]
    if not names:
        raise GlusterOpsError("a certificate without a name")
    return names[0]
