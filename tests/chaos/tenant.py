# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenant's work on a host, by itself; Python 3.8 and the standard library.

tenant.py write STOP LABEL PATH ...   stores files in each, again and again, until the file STOP is there; prints
                                      {"path", "name", "sum"} for what is stored, in lines of JSON
tenant.py sums PATH                   prints {name: sum} of all files in it
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
import typing as t

LONGEST = 600.0  # seconds, should nobody stop it
PAUSE = 0.5


def stored(path: str, name: str) -> str | None:
    """The sum of a new file that is stored there, None if it could not be."""
    data = os.urandom(int.from_bytes(os.urandom(2), "big") + 1)
    try:
        with open(os.path.join(path, name), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            local = os.fstat(stream.fileno()).st_dev == os.stat(os.path.dirname(path)).st_dev
    except OSError:
        return None
    return "local" if local else hashlib.sha256(data).hexdigest()


def write_into(path: str, label: str) -> None:
    number = 0
    while True:
        number += 1
        name = f"{label}-{number}"
        found = stored(path, name)
        if found:
            # In one piece, as others print, too.
            os.write(1, (json.dumps({"path": path, "name": name, "sum": found}) + "\n").encode())
        time.sleep(PAUSE)


def write(stop: str, label: str, *paths: str) -> None:
    for path in paths:
        # What hangs is not waited for.
        threading.Thread(target=write_into, args=(path, label), daemon=True).start()
    until = time.monotonic() + LONGEST
    while not os.path.exists(stop) and time.monotonic() < until:
        time.sleep(0.1)
    os._exit(0)


def sums(path: str) -> None:
    found = {}
    for name in os.listdir(path):
        with open(os.path.join(path, name), "rb") as stream:
            found[name] = hashlib.sha256(stream.read()).hexdigest()
    print(json.dumps(found))


if __name__ == "__main__":
    WORK: dict[str, t.Callable[..., None]] = {"write": write, "sums": sums}
    WORK[sys.argv[1]](*sys.argv[2:])
