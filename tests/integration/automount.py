# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An automount, as systemd makes it: automount.py PATH SOURCE. It runs on a host, where it mounts the volume when
somebody asks for what is at the path, and ends when the automount is taken off."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import subprocess
import sys

# linux/auto_fs.h
MISSING, READY, FAIL = 5, 0x9360, 0x9361

path, source = sys.argv[1:]
os.makedirs(path, exist_ok=True)
reading, writing = os.pipe()
libc = ctypes.CDLL(None, use_errno=True)
# What this group of processes does there wakes nothing.
options = f"fd={writing},pgrp={os.getpgrp()},minproto=5,maxproto=5,direct"
if libc.mount(b"systemd-1", os.fsencode(path), b"autofs", 0, options.encode()):
    sys.exit(os.strerror(ctypes.get_errno()))
os.close(writing)
point = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
print("up", flush=True)
while packet := os.read(reading, 400):
    _version, kind, token = struct.unpack_from("iiI", packet)
    mounted = kind == MISSING and not subprocess.run(["mount", "-t", "glusterfs", source, path], check=False).returncode
    fcntl.ioctl(point, READY if mounted else FAIL, token)
