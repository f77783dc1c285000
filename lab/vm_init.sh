#!/bin/sh
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The first process of the virtual machine. It makes what a container gets from podman, and an LVM thin pool; the rest
# is init.sh's, as in a container.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=755 run /run
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
# Here glusterd looks for a brick's device.
ln -sf ../proc/self/mounts /etc/mtab
modprobe -a virtio_net virtio_rng fuse xfs dm-thin-pool dm-snapshot

address=10.0.2.15
ip link set lo up
ip link set eth0 up
ip address add $address/24 dev eth0
ip route add default via 10.0.2.2
awk -v address=$address '$1 == address { print $2 }' /lab/hosts >/etc/hostname
hostname -F /etc/hostname
# There is no DNS, and nothing shall wait for one.
: >/etc/resolv.conf

# There is no udev: LVM makes its device nodes itself. Nor does a daemon watch the pools: what is full stays full.
cat >/etc/lvm/lvmlocal.conf <<CONF
activation {
    udev_sync = 0
    udev_rules = 0
    monitoring = 0
}
devices {
    obtain_device_list_from_udev = 0
    use_devicesfile = 0
}
CONF
cp /lab/vm_brick.sh /usr/local/sbin/thin-brick
chmod 755 /usr/local/sbin/thin-brick
vgcreate -q lab /dev/vda && lvcreate -q -T -l 60%VG --poolmetadatasize 32m lab/pool

exec /bin/sh /lab/init.sh server
