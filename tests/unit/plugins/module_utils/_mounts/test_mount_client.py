# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import socket

from ansible_collections.glusterops.shares.plugins.module_utils._mounts.client import behind, clients, peers


def process(proc: pathlib.Path, pid: int, began: int, *words: str, state: str = "S") -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "cmdline").write_bytes(b"".join(os.fsencode(word) + b"\0" for word in words))
    (proc / str(pid) / "stat").write_text(f"{pid} (a) b) {state} {' '.join('0' * 18)} {began} 0 0\n")


def test_which_client_is_behind_a_mount(tmp_path: pathlib.Path) -> None:
    def client(pid: int, began: int, path: str, volume: str, certificate: str | None, state: str = "S") -> None:
        option = "*-client-*.transport.socket.ssl-own-cert="
        words = [f"--xlator-option={option}{certificate}"] if certificate else []
        if volume == "/c":
            words = ["--xlator-option", f"{option}{certificate}"]
        process(tmp_path, pid, began, "/usr/sbin/glusterfs", *words, f"--volfile-id={volume}", path, state=state)

    files = "/etc/glusterfs/tls/tenants/{}/current/glusterfs.pem"
    client(10, 100, "/srv/a", "/a", files.format("red"))
    client(11, 100, "/srv/b", "b", None, state="T")
    # One that somebody's open files keep alive, and the one that was mounted after it.
    client(12, 300, "/srv/c", "/c", files.format("new"))
    client(13, 200, "/srv/c", "/c", files.format("old"))
    client(14, 400, "/srv/c", "/other", files.format("other"))
    client(15, 100, "/srv/d/", "/d.tcp", "/root/hand.pem")
    # Told by a link what the kernel calls by its name.
    client(19, 100, "/link/e", "/e", None)
    client(20, 100, "/srv/a", "/e", None)
    process(tmp_path, 16, 500, "/usr/sbin/glusterfsd", "--volfile-id=/a", "/srv/a")
    process(tmp_path, 17, 500)
    (tmp_path / "18").mkdir()
    (tmp_path / "self").mkdir()
    everybody = clients(str(tmp_path))
    mounted = ["/srv/a", "/srv/b", "/srv/c", "/srv/d", "/srv/e", "/srv/f"]
    found = {path: behind(everybody, path, path[-1], mounted) for path in mounted}
    assert {path: client.pid for path, client in found.items() if client} == {
        "/srv/a": 10,
        "/srv/b": 11,
        "/srv/c": 12,
        "/srv/d": 15,
        "/srv/e": 19,
    }
    assert [client.identity for client in found.values() if client] == ["red", None, "new", "/root/hand.pem", None]
    assert [client.pid for client in everybody if client.stopped] == [11]
    # Whose client lives on somewhere else is not behind it.
    assert behind(everybody, "/srv/x", "a", mounted) is None


def test_to_whom_a_process_talks() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        assert "127.0.0.1" in peers(os.getpid())
    assert peers(2**22 + 1) == set()
