# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import socket
import struct

# A call of the empty procedure of Gluster's program DUMP, which every brick answers whoever calls: length, number of
# the call, then that it is one, the versions and numbers of RPC and program, and twice that it has no credentials.
_CALL = struct.pack(">11I", 0x80000028, 1, 0, 2, 123451501, 1, 0, 0, 0, 0, 0)
_ANSWER = struct.pack(">2I", 1, 1)


def in_plaintext(host: str, port: int, timeout: float = 10.0) -> bool:
    """Whether a brick answers Gluster's own protocol without TLS."""
    try:
        with socket.create_connection((host, port), timeout) as plain:
            plain.sendall(_CALL)
            # Its length precedes the answer.
            return plain.recv(12, socket.MSG_WAITALL)[4:] == _ANSWER
    except OSError:
        return False
