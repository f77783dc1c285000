#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# GlusterFS 10.3: a dispersed volume of more than 16 bricks for data is made and started, and nobody can mount it.
#
# The erasure code has fragments for 16 bricks of data at most. Neither "volume create" nor "volume start" knows that:
# 17 + 2 bricks are a volume like any other, with all of its bricks online. Only the client finds out, and what it says
# in its log is that the redundancy is invalid. So whoever makes volumes has to know the limit, or calls a volume ready
# that is none.
#
#   16+4: create success, start success, 20 bricks online, mounted
#   17+2: create success, start success, 19 bricks online, not mounted (Invalid redundancy)
#
# Needs root and mmdebstrap.
set -euo pipefail
cd /
work=$(mktemp -d)
cleanup() {
    kill -9 "$(cat "$work/pid")" 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT
mmdebstrap --quiet --variant=minbase --include=glusterfs-server=10.3-5 bookworm "$work/root"

# A network, file systems and processes of its own, which end with the first of them.
unshare --net --mount --pid --fork --kill-child sh -c "
    ip link set lo up
    mount -t proc proc $work/root/proc
    mount --rbind /dev $work/root/dev
    exec chroot $work/root sh -c 'mkdir -p /srv /mnt/v; glusterd; sleep 900'
" > "$work/log" 2>&1 &
echo $! > "$work/pid"
disown
on() { nsenter --target "$(pgrep -P "$(cat "$work/pid")")" --mount --net --pid --root -- "$@"; }
gluster() { on gluster --mode=script "$@" 2>&1; }
for _try in $(seq 60); do
    gluster volume info > "$work/said" && break
    sleep 1
done

# success: whether gluster says so.
success() { if gluster "$@" | grep -q success; then echo success; else echo refused; fi; }
try() {
    local data=$1 redundancy=$2 name=v$1 bricks
    bricks=$(seq -f "bricks.example:/srv/$name-%g" $((data + redundancy)))
    # shellcheck disable=SC2086
    created=$(success volume create "$name" disperse-data "$data" redundancy "$redundancy" $bricks force)
    started=$(success volume start "$name")
    sleep 5
    online=$(gluster --xml volume status "$name" | tr '>' '\n' | grep -c '^/srv/.*</path' || true)
    if on sh -c "timeout 60 mount -t glusterfs bricks.example:/$name /mnt/v && stat -f -c %T /mnt/v" > "$work/said" 2>&1; then
        mounted=mounted
        on sh -c 'umount /mnt/v'
    else
        why=$(on sh -c "grep -o 'Invalid redundancy' /var/log/glusterfs/mnt-v.log | head -1")
        mounted="not mounted ($why)"
    fi
    echo "$data+$redundancy: create $created, start $started, $online bricks online, $mounted"
}
on sh -c "echo '127.0.0.1 localhost bricks.example' >> /etc/hosts"
largest=$(try 16 4)
larger=$(try 17 2)
echo "$largest"
echo "$larger"
[ "$largest" = "16+4: create success, start success, 20 bricks online, mounted" ] \
    && [ "$larger" = "17+2: create success, start success, 19 bricks online, not mounted (Invalid redundancy)" ]
