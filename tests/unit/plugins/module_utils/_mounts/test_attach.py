# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import pathlib

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import attach, health
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.asking import SILENT, Answer
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.client import Client
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import Mount

MOUNT = Mount("share", "v", "/srv/m", ("server1", "server2"))
# From the logs of GlusterFS 10.3's client.
DOWN = (
    "[2026-11-28 14:44:43.1 +0000] E [MSGID: 108006] [afr-common.c:6123:__afr_handle_child_down_event] 0-v-replicate-0:"
    " All subvolumes are down. Going offline until at least one of them comes back up. \n"
    "[2026-11-28 14:44:43.1 +0000] E [fuse-bridge.c:5364:fuse_first_lookup] 0-fuse: first lookup on root failed"
    " (Transport endpoint is not connected)\n"
)
LOGS = {
    "refused": (
        "[2026-11-28 14:44:29.9 +0000] E [MSGID: 114044] [client-handshake.c:756:client_setvolume_cbk] 0-v-client-0:"
        " SETVOLUME on remote-host failed [{remote-error=Authentication failed}, {errno=13}] \n"
        "[2026-11-28 14:44:29.9 +0000] E [fuse-bridge.c:6552:notify] 0-fuse: Server authentication failed. Shutting"
        " down.\n"
        "[2026-11-28 14:44:29.9 +0000] E [socket.c:4421:ssl_setup_connection_params] 0-v-client-2: could not load CA"
        " list\n",
        "Authentication failed, the servers refuse this machine's identity: is it on the share's access list?",
    ),
    "no such directory": (
        "[2026-11-28 14:44:29.9 +0000] E [MSGID: 114044] [client-handshake.c:756:client_setvolume_cbk] 0-v-client-0:"
        ' SETVOLUME on remote-host failed [{remote-error=subdirectory for mount "/nosub" is not found}, {errno=2}] \n',
        'the servers say subdirectory for mount "/nosub" is not found',
    ),
    "no certificate": (
        "[2026-11-28 14:44:43.1 +0000] E [socket.c:4405:ssl_setup_connection_params] 0-v-client-2: could not load our"
        " cert at /usr/lib/ssl/glusterfs.pem\n"
        "[2026-11-28 14:44:43.1 +0000] E [socket.c:224:ssl_dump_error_stack] 0-v-client-2:   error:80000002:system"
        " library::No such file or directory\n" + DOWN,
        "the client could not load our cert at /usr/lib/ssl/glusterfs.pem (No such file or directory)",
    ),
    "a key in DER": (
        "[2026-11-28 14:44:43.1 +0000] E [socket.c:4413:ssl_setup_connection_params] 0-v-client-2: could not load"
        " private key at /usr/lib/ssl/glusterfs.key\n"
        "[2026-11-28 14:44:43.1 +0000] E [socket.c:224:ssl_dump_error_stack] 0-v-client-2:"
        "   error:1E08010C:DECODER routines::unsupported\n" + DOWN,
        "the client could not load private key at /usr/lib/ssl/glusterfs.key (it is no PEM file)",
    ),
    "another key": (
        "[2026-11-28 14:44:43.1 +0000] E [socket.c:4413:ssl_setup_connection_params] 0-v-client-2: could not load"
        " private key at /usr/lib/ssl/glusterfs.key\n"
        "[2026-11-28 14:44:43.1 +0000] E [socket.c:224:ssl_dump_error_stack] 0-v-client-2:   error:05800074:x509"
        " certificate routines::key values mismatch\n" + DOWN,
        "the client could not load private key at /usr/lib/ssl/glusterfs.key (key values mismatch)",
    ),
    "no bundle": (
        "[2026-11-28 14:44:43.1 +0000] E [socket.c:4421:ssl_setup_connection_params] 0-v-client-0: could not load CA"
        " list\n" + DOWN,
        "the client could not load CA list (see the log)",
    ),
    "no such name": (
        "[2026-11-28 14:44:22.1 +0000] E [MSGID: 101075] [common-utils.c:519:gf_resolve_ip6] 0-resolver: error in"
        " getaddrinfo [{family=2}, {ret=Name or service not known}] \n"
        "[2026-11-28 14:44:22.1 +0000] E [name.c:267:af_inet_client_get_remote_sockaddr] 0-glusterfs: DNS resolution"
        " failed on host nosuch.example\n",
        "this machine cannot resolve the name nosuch.example (Name or service not known, when asked for an IPv4"
        " address)",
    ),
    "no such family": (
        "[2026-11-28 14:44:31.5 +0000] E [socket.c:3539:socket_connect] 0-glusterfs: connection attempt on  failed,"
        " (Network is unreachable)\n",
        "a server cannot be reached (Network is unreachable): has this machine addresses of the family of server1 or"
        " server2?",
    ),
    "another CA": (
        "[2026-11-28 14:44:43.1 +0000] E [socket.c:2578:socket_connect_finish] 0-v-client-0: connection to"
        " 10.89.1.11:53357 failed (Connection reset by peer); disconnecting socket\n"
        "[2026-11-28 14:44:43.1 +0000] E [socket.c:224:ssl_dump_error_stack] 0-v-client-2:   error:0A000418:SSL"
        " routines::tlsv1 alert unknown ca\n" + DOWN,
        "a server refuses the certificate of this machine's identity (unknown ca): is it in force, and of the CA that"
        " the servers trust?",
    ),
    "reset": (
        "[2026-11-28 14:44:43.1 +0000] E [socket.c:2578:socket_connect_finish] 0-v-client-0: connection to"
        " 10.89.1.11:53357 failed (Connection reset by peer); disconnecting socket\n" + DOWN,
        "bricks end the connection (Connection reset by peer): do both sides speak TLS, and is the certificate of this"
        " machine's identity in force and of the CA that the servers trust?",
    ),
    "no such volume": (
        "[2026-11-28 14:44:23.6 +0000] E [glusterfsd-mgmt.c:2371:mgmt_getspec_cbk] 0-mgmt: failed to fetch volume file"
        " (key:/nosuch)\n",
        "the servers know no volume nosuch",
    ),
    "stopped": (
        "[2026-11-28 14:44:43.1 +0000] E [MSGID: 114058] [client-handshake.c:1193:client_query_portmap_cbk]"
        " 0-v-client-0: failed to get the port number for remote subvolume. Please run gluster volume status on server"
        " to see if brick process is running [] \n" + DOWN,
        "bricks do not run: is the volume started, and what does 'gluster volume status v' say of them?",
    ),
    "glusterd does not run": (
        "[2026-11-28 14:47:20.1 +0000] I [glusterfsd-mgmt.c:2673:mgmt_rpc_notify] 0-glusterfsd-mgmt: disconnected from"
        " remote-host: server1\n"
        "[2026-11-28 14:47:20.1 +0000] I [glusterfsd-mgmt.c:2712:mgmt_rpc_notify] 0-glusterfsd-mgmt: Exhausted all"
        " volfile servers\n",
        "no glusterd answers on server1 or server2: does it run, is port 24007 open, and do both sides or none speak"
        " TLS there?",
    ),
    "something else": (DOWN, "first lookup on root failed (Transport endpoint is not connected)"),
    "nothing": ("[2026-11-28 14:44:43.1 +0000] I [MSGID: 101190] [event-epoll.c:667:f] 0-epoll: Started\n", ""),
}


@pytest.mark.parametrize("log, cause", LOGS.values(), ids=LOGS)
def test_the_cause_is_the_one_that_the_log_tells(tmp_path: pathlib.Path, log: str, cause: str) -> None:
    # What an earlier try said does not count.
    earlier = "E [x] 0-v: remote-error=Authentication failed\n"
    (tmp_path / "log").write_text(earlier + log)
    assert attach.reason(str(tmp_path / "log"), len(earlier), MOUNT) == cause


def test_whose_identity_it_is(tmp_path: pathlib.Path) -> None:
    (tmp_path / "log").write_text(LOGS["refused"][0])
    assert "the identity 'red'" in attach.reason(str(tmp_path / "log"), 0, MOUNT._replace(identity="red"))
    assert attach.reason(str(tmp_path / "none"), 0, MOUNT) == ""


def test_sentences_end() -> None:
    assert attach.ended("it is so") == "it is so." and attach.ended("is it so?") == "is it so?"


def test_where_the_log_is() -> None:
    assert health.log_of("/srv/a/b") == "/var/log/glusterfs/srv-a-b.log"
    assert health.log_of("/srv/a", ["acl", "log-file=/a", "log-file=/b"]) == "/b"


CLIENT = Client(7, "/srv/m", "v", (), 1)
DEAD = Answer(errno=errno.ENOTCONN, failure=os.strerror(errno.ENOTCONN))
NOTHING = Answer(failure=SILENT)


@pytest.mark.parametrize(
    "space, root, client, alive, trouble",
    [
        (Answer(4096), Answer(1), CLIENT, True, None),
        (Answer(4096), NOTHING, None, True, None),
        (DEAD, DEAD, None, False, None),
        (DEAD, DEAD, CLIENT, False, "its client (process 7) reaches too few bricks"),
        (NOTHING, NOTHING, CLIENT, True, "nothing was heard for 9 seconds, so a brick or its server hangs"),
        (NOTHING, NOTHING, None, True, "nothing was heard for 9 seconds, so a brick or its server hangs"),
        (NOTHING, NOTHING, CLIENT._replace(stopped=True), True, "as its client (process 7) is stopped"),
        (NOTHING, Answer(1), CLIENT, True, "whether the quota daemons run"),
        (Answer(errno=5, failure="Input/output error"), Answer(1), CLIENT, True, "it says 'Input/output error'"),
    ],
)
def test_only_a_client_that_is_gone_is_dead(
    space: Answer, root: Answer, client: Client | None, alive: bool, trouble: str | None
) -> None:
    found = health.health("/srv/m", {"space /srv/m": space, "root /srv/m": root}, client, 9)
    assert found[0] == alive
    assert found[1] is None if trouble is None else trouble in (found[1] or "")
