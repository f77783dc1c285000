#!/bin/sh
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# `thin-brick NAME [SIZE] [POOL]` on the virtual machine: makes a thin volume with a file system, mounts it, and prints
# the folder for a brick in it. Gluster takes snapshots of a volume only if each of its bricks has such a one alone.

set -e
name=${1:?usage: thin-brick NAME [SIZE] [POOL]}
lvcreate -q -y -V "${2:-1g}" -T "lab/${3:-pool}" -n "$name" >/dev/null
mkfs.xfs -q -K -i size=512 -d noalign "/dev/lab/$name"
mkdir -p "/srv/thin/$name"
mount -o noatime "/dev/lab/$name" "/srv/thin/$name"
mkdir "/srv/thin/$name/brick"
echo "/srv/thin/$name/brick"
