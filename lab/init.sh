#!/bin/sh
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The main process of a node: `init.sh server|host|heketi`. It starts the services, reaps what they leave,
# notes in a log when one ends (and leaves it ended, so that nothing is hidden), and stops fast.

role=$1
log=/var/log/lab
mkdir -p "$log" /run/sshd /run/gluster /root/.ssh

note() { echo "$(date -u +%FT%TZ) $*" >>"$log/init.log"; }

stop() {
    trap '' TERM INT
    note "stopping"
    # A mount whose client is gone would hang whoever looks at it.
    awk '$3 == "fuse.glusterfs" { print $2 }' /proc/mounts | while read -r mounted; do
        umount -l "$mounted" 2>/dev/null
    done
    kill -TERM -1 2>/dev/null
    tries=0
    while [ $tries -lt 10 ] && pgrep gluster >/dev/null; do sleep 0.1; tries=$((tries + 1)); done
    exit 0
}
trap stop TERM INT

service() {
    name=$1
    shift
    note "starting $name"
    ("$@" >>"$log/$name.log" 2>&1; note "$name ended with status $?") &
}

cp /lab/hosts /etc/hosts
cp /lab/authorized_keys /lab/known_hosts /root/.ssh/
cp /lab/ssh_host_ed25519_key /lab/ssh_host_ed25519_key.pub /etc/ssh/
chmod 700 /root /root/.ssh
chmod 600 /root/.ssh/* /etc/ssh/ssh_host_ed25519_key

note "$role starts"
service sshd /usr/sbin/sshd -D -e -o HostKey=/etc/ssh/ssh_host_ed25519_key -o PasswordAuthentication=no \
    -o PermitRootLogin=prohibit-password -o UseDNS=no -o MaxStartups=200 -o MaxSessions=200

case $role in
server)
    mkdir -p /srv/bricks/sdb
    # The package has a unit for systemd only, and Ansible stops and starts services by such a script otherwise.
    cat >/etc/init.d/glusterd <<'END'
#!/bin/sh
running() { pgrep -f '^glusterd' >/dev/null; }
case $1 in
start) running || glusterd </dev/null >/dev/null 2>&1 ;;
stop) pkill -f '^glusterd'; while running; do sleep 0.1; done ;;
status) if running; then echo "glusterd is running"; else echo "glusterd is stopped"; exit 3; fi ;;
esac
END
    chmod 755 /etc/init.d/glusterd
    service glusterd glusterd -N
    ;;
heketi)
    mkdir -p /etc/heketi /var/lib/heketi /opt/heketi-standin
    cp /lab/heketi.json /lab/id_ed25519 /etc/heketi/
    chmod 600 /etc/heketi/*
    rm -rf /opt/heketi-standin/heketi
    cp -r /lab/standin/heketi /opt/heketi-standin/
    cd /opt/heketi-standin && service heketi python3 -m heketi --config /etc/heketi/heketi.json
    cd /
    ;;
esac

# `wait` reaps every child, adopted ones too; the sleep gives it something to wait for.
while :; do
    sleep 86400 &
    wait
done
