# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Mounts with an identity of their own, by a helper that mount(8) finds by the type glusterfs-tenant.

GlusterFS's own helper cannot do it: up to version 10 it takes one option of the client's translators, and an identity
needs three.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, NotFound
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_common_name

TYPE = "glusterfs-tenant"
HELPER = f"/sbin/mount.{TYPE}"
# Where gluster_tls_identity puts a tenant's files.
TENANTS = "/etc/glusterfs/tls/tenants"

# Options of mount.glusterfs that the client has by the same name, without and with a value.
_SWITCHES = (
    *("acl", "aux-gfid-mount", "enable-ino32", "fopen-keep-cache", "global-threading", "localtime-logging"),
    *("no-root-squash", "resolve-gids", "selinux", "worm"),
)
_VALUES = (
    *("attr-times-granularity", "attribute-timeout", "auto-invalidation", "background-qlen", "congestion-threshold"),
    *("direct-io-mode", "entry-timeout", "event-history", "fopen-keep-cache", "gid-timeout", "invalidate-limit"),
    *("io-engine", "kernel-writeback-cache", "log-file", "log-level", "lru-limit", "negative-timeout"),
    *("no-root-squash", "oom-score-adj", "reader-thread-count", "use-readdirp", "volfile-server-port"),
)
# The kernel's.
_KERNEL = (
    *("atime", "dev", "diratime", "exec", "lazyatime", "noatime", "nodev", "nodiratime", "noexec", "nolazyatime"),
    *("norelatime", "nostrictatime", "nosuid", "relatime", "strictatime", "suid"),
)
# What is for mount(8) and the start of the system, or is so anyway.
_NOTHING = ("_netdev", "auto", "defaults", "noauto", "nofail", "rw", "transport=tcp")
_OWN = ("backup-volfile-servers", "backupvolfile-server", "fetch-attempts", "server-port")
_VALUE = "[A-Za-z0-9._/:=@%+-]*"

_TEXT = r"""#!/bin/sh
# Written by the Ansible module glusterops.shares.gluster_mounts; it writes it again.
# SPDX-License-Identifier: GPL-3.0-or-later
#
# mount.glusterfs-tenant SERVER:/VOLUME DIRECTORY [-sfnv] -o identity=NAME[,OPTION...]
#
# Mounts a GlusterFS volume with the identity in @TENANTS@/NAME.
# Ends with 0 if it is mounted and answers, 1 if it was called wrongly, 32 if it is not mounted.

set -fu
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

fail() {
    status=$1
    shift
    echo "mount.glusterfs-tenant: $*" >&2
    exit "$status"
}

check_server() {
    case $1 in
    '' | -* | *[!A-Za-z0-9.:%-]*) fail 1 "server '$1' is not a host name or address." ;;
    esac
}

mounted() {
    while read -r _id _parent _device _root point _rest; do
        [ "$point" = "$directory" ] && return 0
    done </proc/self/mountinfo
    return 1
}

# A client that the servers refuse goes away a moment after it has mounted. Who asks one that never answers cannot be
# ended, so it is not waited for.
answers() {
    for _try in 1 2 3 4 5; do
        mounted || return 1
        stat -f -- "$directory" >/dev/null 2>&1 &
        waited=0
        while kill -0 $! 2>/dev/null; do
            [ $waited -lt 300 ] || return 1
            waited=$((waited + 1))
            sleep 0.2
        done
        wait $! || return 1
    done
}

[ $# -ge 2 ] || fail 1 "called as mount.glusterfs-tenant SERVER:/VOLUME DIRECTORY -o identity=NAME[,OPTION...]."
source=$1 directory=$2
shift 2
options='' fake='' verbose=''
while getopts :sfnvo: letter; do
    case $letter in
    s | n) ;;
    f) fake=yes ;;
    v) verbose=yes ;;
    o) options=$options,$OPTARG ;;
    *) fail 1 "option -$OPTARG is unknown or lacks its value." ;;
    esac
done
shift $((OPTIND - 1))
[ $# = 0 ] || fail 1 "'$1' is one argument too many."

case $source in
*:/*) ;;
*) fail 1 "source '$source' is not of the form SERVER:/VOLUME." ;;
esac
check_server "${source%%:/*}"
volume=${source#*:/}
case $volume in
'' | -* | *[!A-Za-z0-9_-]*) fail 1 "volume '$volume' is not a volume's name." ;;
esac
case $directory in
/) fail 1 "nothing can be mounted on the root directory." ;;
/*) ;;
*) fail 1 "directory '$directory' is not an absolute path." ;;
esac
[ -d "$directory" ] || fail 1 "directory '$directory' does not exist, or what is mounted there does not answer."
directory=$(cd "$directory" && pwd -P) || fail 1 "directory '$directory' cannot be entered."
case $directory in
*[!A-Za-z0-9._@%+=/-]*) fail 1 "directory '$directory' is not of A-Z a-z 0-9 . _ @ % + = / and -." ;;
esac

identity='' kernel='' log='' backups=''
set --
while [ -n "$options" ]; do
    option=${options%%,*}
    case $options in
    *,*) options=${options#*,} ;;
    *) options='' ;;
    esac
    value=${option#*=}
    case $option in
    '' | @NOTHING@ | x-* | X-* | comment=*) ;;
    backup-volfile-servers=* | backupvolfile-server=*) backups=$backups:$value ;;
    *[!A-Za-z0-9._/:=@%+-]*) fail 1 "option '$option' has a character that is not A-Z a-z 0-9 . _ / : = @ % + or -." ;;
    identity=*) identity=$value ;;
    ro) set -- "$@" --read-only ;;
    fetch-attempts=*) set -- "$@" "--volfile-max-fetch-attempts=$value" ;;
    server-port=*) set -- "$@" "--volfile-server-port=$value" ;;
    @SWITCHES@) set -- "$@" "--$option" ;;
    @VALUES@)
        set -- "$@" "--$option"
        case $option in log-file=*) log=$value ;; esac
        ;;
    @KERNEL@) kernel=$kernel,$option ;;
    *) fail 1 "option '$option' is unknown." ;;
    esac
done
[ -z "$kernel" ] || set -- "$@" "--fuse-mountopts=${kernel#,}"

set -- "$@" "--volfile-server=${source%%:/*}"
# Names and addresses, of which those with colons are in brackets.
while [ -n "${backups#:}" ]; do
    backups=${backups#:}
    case $backups in
    '['*']'*) server=${backups#'['} server=${server%%']'*} rest=${backups#*']'} ;;
    *) server=${backups%%:*} rest=${backups#"${backups%%:*}"} ;;
    esac
    backups=$rest
    check_server "$server"
    set -- "$@" "--volfile-server=$server"
done

[ -n "$identity" ] || fail 1 "identity=NAME is missing in the options: with whose identity shall it be mounted?"
case $identity in
. | .. | -* | *[!A-Za-z0-9._-]*) fail 1 "identity '$identity' is not a name of A-Z a-z 0-9 . _ and -." ;;
esac
files=@TENANTS@/$identity/current
for part in own-cert=$files/glusterfs.pem private-key=$files/glusterfs.key ca-list=$files/glusterfs.ca; do
    [ -r "${part#*=}" ] || fail 1 "identity '$identity' is not on this machine: ${part#*=} is missing."
    set -- "$@" "--xlator-option=*-client-*.transport.socket.ssl-$part"
done

command -v glusterfs >/dev/null || fail 1 "the program glusterfs is not on this machine: install GlusterFS's client."
! mounted || fail 32 "something is mounted on $directory already."
set -- glusterfs "$@" --process-name fuse "--volfile-id=/$volume" "$directory"
[ -z "$verbose" ] || echo "$*"
[ -z "$fake" ] || exit 0

if [ -z "$log" ]; then
    log=${directory#/}
    log=/var/log/glusterfs/$(echo "$log" | tr / -).log
fi
if "$@" && answers; then
    exit 0
fi
mounted && umount -l "$directory"
fail 32 "$source could not be mounted on $directory with the identity '$identity': see $log for the reason."
"""


def _patterns(names: t.Iterable[str]) -> str:
    return " | ".join(names)


TEXT = (
    _TEXT.replace("@TENANTS@", TENANTS)
    .replace("@NOTHING@", _patterns(_NOTHING))
    .replace("@SWITCHES@", _patterns(_SWITCHES))
    .replace("@VALUES@", _patterns(f"{name}=*" for name in _VALUES))
    .replace("@KERNEL@", _patterns(_KERNEL))
)


def check(identity: str, options: t.Iterable[str], what: str) -> None:
    """BadInput unless the helper takes them."""
    check_common_name(identity, f"{what}: identity")
    if identity in (".", "..") or identity.startswith("-"):
        raise BadInput(f"{what}: identity {identity!r} cannot be mounted with: it is no name of a directory.")
    for option in options:
        name, equals, value = option.partition("=")
        known = (*_VALUES, *_OWN) if equals else (*_SWITCHES, *_KERNEL, "ro")
        if option in _NOTHING or name.startswith(("x-", "X-")) or name == "comment":
            continue
        if name not in known:
            raise BadInput(f"{what}: mount option {option!r} is unknown together with identity.")
        if not re.fullmatch(_VALUE, value, re.ASCII):
            raise BadInput(
                f"{what}: mount option {option!r} has a character that cannot be used together with identity:"
                " its value is of A-Z a-z 0-9 . _ / : = @ % + and -."
            )


def present(tenants: str = TENANTS) -> list[str]:
    """The identities on this machine that a mount can have."""
    names = os.listdir(tenants) if os.path.isdir(tenants) else []
    return sorted(name for name in names if _is_present(name, tenants))


def _is_present(identity: str, tenants: str) -> bool:
    return os.path.exists(os.path.join(tenants, identity, "current", "glusterfs.pem"))


def check_present(identity: str, tenants: str = TENANTS) -> None:
    """NotFound unless the identity is on this machine."""
    if not _is_present(identity, tenants):
        raise NotFound(
            f"The identity {identity!r} is not on this machine ({tenants}): make it with gluster_tls_identities first."
        )
