#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# GlusterFS 10.3: who is connected to a volume that nobody is connected to only servers tell that have a brick of it.
#
# "volume status NAME clients" and "client-list" ask all servers with bricks. A server without one adds up the others'
# answers, and where these count no client it says "Commit failed on" the server that answered, as if that were broken.
# Asked for XML about "all" volumes it leaves such a volume out without a word, and succeeds. As soon as somebody has it
# mounted, or on a server with a brick, all of them answer. So a program that wants to know whether a volume is in use
# gets an error, or no answer, just for those that are not.
#
#   on a server without a brick: Commit failed on 10.231.8.2. Please check log file for details.
#   of all, on that server: opRet 0, no volume
#   on the server that has the brick: Clients connected : 0
#   asked of that one from here (--remote-host): Clients connected : 0
#   on a server without a brick, mounted: Clients connected : 1
#
# Needs root, mmdebstrap and iproute2.
set -euo pipefail
work=$(mktemp -d)
first=10.231.8.1 second=10.231.8.2 bridge=idle$$
cleanup() {
    for file in "$work"/*.pid; do kill -9 "$(cat "$file")" 2>/dev/null || true; done
    for server in $first $second; do ip netns del "idle-$$-$server" 2>/dev/null || true; done
    ip link del $bridge 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT
mmdebstrap --quiet --variant=minbase --include=glusterfs-server=10.3-5 bookworm "$work/root"

ip link add $bridge type bridge
ip link set $bridge up
for server in $first $second; do
    space=idle-$$-$server port=i$$-${server##*.}
    ip netns add "$space"
    ip link add "$port" type veth peer name eth0 netns "$space"
    ip link set "$port" master $bridge up
    ip -n "$space" addr add "$server/24" dev eth0
    ip -n "$space" link set eth0 up
    ip -n "$space" link set lo up
    mkdir -p "$work/$server/up" "$work/$server/work" "$work/$server/seen"
    # A file system and processes of its own, which end with the first of them.
    ip netns exec "$space" unshare --mount --pid --fork --kill-child sh -c "
        mount -t overlay -o lowerdir=$work/root,upperdir=$work/$server/up,workdir=$work/$server/work x $work/$server/seen
        mount -t proc proc $work/$server/seen/proc
        mount --rbind /dev $work/$server/seen/dev
        exec chroot $work/$server/seen sh -c 'mkdir -p /srv/brick; glusterd; sleep 600'
    " > "$work/$server.log" 2>&1 &
    echo $! > "$work/$server.pid"
    disown
done

on() {
    local server=$1
    shift
    nsenter --target "$(pgrep -P "$(cat "$work/$server.pid")")" --mount --net --pid --root -- "$@"
}
gluster() { on $first gluster --mode=script "$@" 2>&1; }
clients() { { "$@" || true; } | sed -n '/^Commit failed/p; /^Clients connected/p'; }
for _try in $(seq 60); do
    gluster volume info > "$work/said" && on $second gluster volume info > "$work/said" 2>&1 && break
    sleep 1
done
gluster peer probe $second > "$work/said"
sleep 3
gluster volume create v $second:/srv/brick force > "$work/said"
gluster volume start v > "$work/said"
sleep 3

here=$(clients gluster volume status v clients)
all=$(gluster --xml volume status all clients | tr -d '\n' | sed 's/.*<opRet>\([-0-9]*\)<.*<volumes\(.*\)/opRet \1,\2/; s/,.*<volName>.*/, the volume/; s/,.*[^e]$/, no volume/')
there=$(clients on $second gluster --mode=script volume status v clients)
asked=$(clients gluster --remote-host=$second volume status v clients)
on $second sh -c "cd / && mkdir -p /mnt/v && mount -t glusterfs $second:/v /mnt/v"
sleep 2
mounted=$(clients gluster volume status v clients)
echo "on a server without a brick: $here"
echo "of all, on that server: $all"
echo "on the server that has the brick: $there"
echo "asked of that one from here (--remote-host): $asked"
echo "on a server without a brick, mounted: $mounted"
[[ $here == "Commit failed on"* ]] && [ "$all" = "opRet 0, no volume" ] && [ "$there" = "Clients connected : 0" ] \
    && [ "$asked" = "$there" ] && [ "$mounted" = "Clients connected : 1" ]
