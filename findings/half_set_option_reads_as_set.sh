#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# GlusterFS 10.3: an option that one server could not store is not taken back, and reads as set where it was asked for.
#
# Where a server has no room left for its own files, "volume set" says "Commit failed on" that server. The others have
# done it by then, and stay so: on the server that was asked, "volume info" shows the new value, and so a program that
# compares it with what is wanted finds nothing to do. The bricks of the full server go by the old value, which is what
# its glusterd still hands out to them ("system:: getspec"), also when there is room again.
#
#   set: volume set: failed: Commit failed on 10.231.7.2. Please check log file for details.
#   asked server shows: one
#   full server's brick goes by: one,two
#   with room again, full server's brick goes by: one,two
#   set again: volume set: success
#   full server's brick goes by: one
#
# Needs root, mmdebstrap and iproute2.
set -euo pipefail
work=$(mktemp -d)
first=10.231.7.1 second=10.231.7.2 bridge=half$$
cleanup() {
    for file in "$work"/*.pid; do kill -9 "$(cat "$file")" 2>/dev/null || true; done
    for server in $first $second; do ip netns del "half-$$-$server" 2>/dev/null || true; done
    ip link del $bridge 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT
mmdebstrap --quiet --variant=minbase --include=glusterfs-server=10.3-5 bookworm "$work/root"

ip link add $bridge type bridge
ip link set $bridge up
for server in $first $second; do
    space=half-$$-$server port=h$$-${server##*.}
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
done

on() {
    local server=$1
    shift
    nsenter --target "$(pgrep -P "$(cat "$work/$server.pid")")" --mount --net --pid --root -- "$@"
}
gluster() { on $first gluster --mode=script "$@" 2>&1; }
list() { on $first gluster --remote-host=$second system:: getspec v.$second.srv-brick | sed -n 's/.*ssl-allow //p'; }
for _try in $(seq 60); do
    gluster volume info > "$work/said" && on $second gluster volume info > "$work/said" 2>&1 && break
    sleep 1
done
gluster peer probe $second > "$work/said"
sleep 3
gluster volume create v $first:/srv/brick $second:/srv/brick force > "$work/said"
gluster volume set v auth.ssl-allow one,two > "$work/said"
gluster volume start v > "$work/said"

stored=/var/lib/glusterd/vols/v
on $second sh -ec "
    cp -a $stored /kept
    mount -t tmpfs -o size=300k tmpfs $stored
    cp -a /kept/. $stored/
    dd if=/dev/zero of=$stored/filler bs=1k 2>/dev/null || true"
echo "set: $(gluster volume set v auth.ssl-allow one || true)"
shown=$(gluster volume info v | sed -n 's/^auth.ssl-allow: //p')
full=$(list)
on $second rm "$stored/filler"
room=$(list)
echo "asked server shows: $shown"
echo "full server's brick goes by: $full"
echo "with room again, full server's brick goes by: $room"
echo "set again: $(gluster volume set v auth.ssl-allow one)"
again=$(list)
echo "full server's brick goes by: $again"
[ "$shown" = one ] && [ "$full" = one,two ] && [ "$room" = one,two ] && [ "$again" = one ]
