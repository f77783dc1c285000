# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tries to get into a volume, as whoever has a folder with an identity. Runs as root on a lab's host, by itself.

    driver.py try FOLDER VOLUME SERVER SUFFIX BRICK,... METHOD ...  everybody at once; prints a list of results in JSON
    driver.py once FOLDER VOLUME SERVER SUFFIX BRICK,... SECONDS NAME ...
                                                                    these at once by FUSE, each so many seconds at most;
                                                                    prints a list of results in JSON
    driver.py bricks FOLDER VOLUME HOST:PORT:PATH,... SECONDS NAME ...
                                                                    the like, at each of these bricks by itself; they
                                                                    only look
    driver.py loop STOP FOLDER VOLUME SERVER SECONDS NAME ...       these by FUSE, again and again, each time so many
                                                                    seconds at most; a line of JSON each
    driver.py hold STOP PATH                                        writes into PATH again and again; a line each
    driver.py hold STOP VOLUME SERVER                               the like through libgfapi with the host's identity

A METHOD is fuse or gfapi, a BRICK is HOST:PORT, and STOP is a file that ends it once it is there. FOLDER has a folder
for each identity, with those of glusterfs.key, glusterfs.pem and glusterfs.ca that it has. A file there named plain
means without TLS, and one named volfile tells which volfile to ask for. What gets in leaves a file NAME.SUFFIX.

Whoever writes a file and reads it again is in. He is refused when every brick has said so, with the reason. What is
neither is unclear (in is null).
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import ctypes
import glob
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import typing as t

PATIENCE = 150.0  # seconds for a try, on a machine that is busy with something else: it ends once it is decided
REST = 20.0  # seconds to find out why, when a client has ended without a word
LONGEST = 600.0  # seconds of loop and hold, should nobody stop them
BEAT = 0.2
CONTENT = b"was here\n"
IMAGE = 65536  # bytes

# What a client's log or a brick's end of the handshake tells.
ABSENT = r"failed to get the 'volume file' from server"
REASONS = [
    ("no such volume", ABSENT),
    ("not listed", r"Authentication failed|Server authenication failed|failed to set the volume \[\{errno=13\}"),
    ("unknown ca", r"alert unknown ca"),
    ("expired", r"alert certificate expired"),
    ("revoked", r"alert certificate revoked"),
    ("bad signature", r"alert decrypt error"),
    ("bad certificate", r"alert bad certificate"),
    ("no certificate", r"no certificate"),
    ("no plaintext", r"no plaintext"),
]
ALERT = b"\x15"  # what a record of TLS begins with that tells of a failure
# A client's first call: which programs are there?
RPC_DUMP = b"\x80\x00\x00\x28" + b"".join(n.to_bytes(4, "big") for n in (1, 0, 2, 123451501, 1, 1, 0, 0, 0, 0))


def reason(text: str) -> str | None:
    return next((name for name, pattern in REASONS if re.search(pattern, text)), None)


def answer(connection: socket.socket, otherwise: str) -> str:
    """What the brick's answer begins with; otherwise, if it ends the connection instead, or tells that it wants TLS."""
    try:
        connection.sendall(RPC_DUMP)
        said = connection.recv(1)
    except (ConnectionResetError, BrokenPipeError):
        said = b""
    return otherwise if said in (b"", ALERT) else str(said)


def mounted(path: str) -> bool:
    with open("/proc/self/mounts", encoding="utf-8") as stream:
        return any(line.split()[1:3] == [path, "fuse.glusterfs"] for line in stream)


def tls_directory() -> str:
    """Where this machine's Gluster looks for its identity: that is compiled in."""
    [library] = glob.glob("/usr/lib/*/glusterfs/*/rpc-transport/socket.so")
    with open(library, "rb") as stream:
        found = re.search(rb"(/[\w./-]*)/glusterfs\.pem\0", stream.read())
    assert found, library
    return found.group(1).decode()


class Attempt:
    """One try, with a log and an end of its own."""

    def __init__(
        self,
        folder: str,
        volume: str,
        server: str,
        name: str,
        suffix: str,
        bricks: t.Sequence[str] = (),
        patience: float = PATIENCE,
    ) -> None:
        self.identity, self.name, self.volume, self.server = os.path.join(folder, name), name, volume, server
        self.file, self.bricks, self.patience = f"{name}.{suffix}", bricks, patience
        self.work = tempfile.mkdtemp(prefix=f"attack-{name}-", dir="/var/tmp")
        self.log = os.path.join(self.work, "log")
        self.plain = os.path.exists(os.path.join(self.identity, "plain"))
        self._alerts: dict[str, str] = {}
        self._until = 0.0

    def told(self, name: str) -> str:
        with contextlib.suppress(FileNotFoundError), open(name, encoding="utf-8", errors="replace") as stream:
            return stream.read()
        return ""

    def refused(self) -> str | None:
        """Why there is no brick that lets it in, or None while that is not known."""
        text = self.told(self.log)
        denied = set(re.findall(r"-client-(\d+): failed to set the volume \[\{errno=13\}", text))
        if re.search(ABSENT, text) or (self.bricks and len(denied) == len(self.bricks)):
            return reason(text)
        if not re.search("could not load our cert|disconnect", text):
            return None
        # A client whose certificate is refused finds its connection cut, and seldom gets to read the alert that told
        # why. One that waits before it writes does.
        for brick in self.bricks:
            if brick not in self._alerts:
                try:
                    said = self._plainly(brick) if self.plain else self._handshake(brick)
                except OSError as error:
                    said = str(error)
                if not reason(said):
                    return None
                self._alerts[brick] = said
        return reason(next(iter(self._alerts.values()), ""))

    def _late(self) -> bool:
        """Whether it is to be called unclear by now why a client has ended."""
        self._until = self._until or time.monotonic() + REST
        return time.monotonic() > self._until

    def _handshake(self, brick: str) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(os.path.join(self.identity, "glusterfs.ca"))
        certificate, key = (os.path.join(self.identity, f"glusterfs.{end}") for end in ("pem", "key"))
        shown = os.path.exists(certificate)
        if shown:
            context.load_cert_chain(certificate, key)
        with self._connected(brick) as plain, context.wrap_socket(plain) as secure:
            secure.settimeout(5)
            return str(secure.recv(1)) if shown else answer(secure, "no certificate")

    def _plainly(self, brick: str) -> str:
        with self._connected(brick) as plain:
            return answer(plain, "no plaintext")

    @staticmethod
    def _connected(brick: str) -> socket.socket:
        host, _colon, port = brick.rpartition(":")
        return socket.create_connection((host, int(port)), 10)

    def fuse(self) -> dict[str, t.Any]:
        point = os.path.join(self.work, "mount")
        os.mkdir(point)
        # Guarded as gluster_mounts guards a mount point.
        subprocess.run(["chattr", "+i", point], check=True)
        client = subprocess.Popen(self._client(point), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            with self._no_longer(client):
                result = self._by_fuse(client, point)
        finally:
            end(client)
            if mounted(point):
                subprocess.run(["umount", "--lazy", point], check=True)
            subprocess.run(["chattr", "-i", point], check=True)
        result["written"] = bool(os.listdir(point))
        return result

    def _client(self, point: str) -> list[str]:
        volfile = self.told(os.path.join(self.identity, "volfile")) or "{volume}"
        options = [
            f"transport.socket.ssl-{option}={self.identity}/glusterfs.{end}"
            for option, end in (("own-cert", "pem"), ("private-key", "key"), ("ca-list", "ca"))
        ]
        options += ["transport.socket.ssl-enabled=off"] if self.plain else []
        words = [
            "glusterfs",
            "--no-daemon",
            f"--volfile-server={self.server}",
            f"--volfile-id={volfile.format(volume=self.volume)}",
        ]
        words += [f"--log-file={self.log}", "--log-level=INFO"]
        return [*words, *(word for option in options for word in ("--xlator-option", f"*-client-*.{option}")), point]

    def _by_fuse(self, client: subprocess.Popen[bytes], point: str) -> dict[str, t.Any]:
        tried = False
        while True:
            ended = client.poll() is not None
            if not ended and mounted(point):
                try:
                    self._use(point)
                    return {"in": True}
                except OSError:
                    tried = True
            if ended or tried:
                # One brick's denial is enough to end a client.
                why = (ended and reason(self.told(self.log))) or self.refused()
                if why or (ended and self._late()):
                    return {"in": False if why else None, "reason": why}
            time.sleep(BEAT)

    def _use(self, point: str) -> None:
        os.listdir(point)
        path = os.path.join(point, self.file)
        with open(path, "wb") as stream:
            stream.write(CONTENT)
            stream.flush()
            os.fsync(stream.fileno())
        with open(path, "rb") as stream:
            # Not on the local disk, for which the mount point's guard is there.
            if os.fstat(stream.fileno()).st_dev == os.stat(self.work).st_dev or stream.read() != CONTENT:
                raise OSError(f"{path} is not in the volume")

    def gfapi(self) -> dict[str, t.Any]:
        """By qemu-img; without TLS, which that cannot leave out, by libgfapi itself."""
        image = f"gluster://{self.server}/{self.volume}/{self.file}.img"
        make = ["qemu-img", "create", "-q", "-f", "raw", "-o", f"debug=7,logfile={self.log}", image, str(IMAGE)]
        if self.plain:
            make = [sys.executable, __file__, "plain", self.log, self.volume, self.server, f"{self.file}.img"]
        client = self._confined(make)
        with self._no_longer(client):
            while True:
                ended = client.poll() is not None
                # The image is made, and libgfapi takes ten seconds to end.
                if client.returncode == 0 or "0-gfapi: intentional" in self.told(self.log).partition("switched to")[2]:
                    end(client)
                    break
                why = self.refused()
                if why or (ended and self._late()):
                    end(client)
                    return {"in": False if why else None, "reason": why, "written": False}
                time.sleep(BEAT)
        if self.plain:
            return {"in": True, "written": False}
        fill = ["stdbuf", "-oL", "qemu-io", "-f", "raw", "-c", "write -P 7 0 4k", "-c", "read -P 7 0 4k", image]
        client = self._confined(fill)
        with self._no_longer(client):
            while client.poll() is None and "read 4096/4096" not in self.told(self.output):
                time.sleep(BEAT)
        end(client)
        said = self.told(self.output)
        well = "wrote 4096/4096" in said and "read 4096/4096" in said and "failed" not in said
        return {"in": True if well else None, "reason": None if well else said[-500:], "written": False}

    @property
    def output(self) -> str:
        return os.path.join(self.work, "output")

    def _confined(self, words: list[str]) -> subprocess.Popen[bytes]:
        """Starts it where this identity lies in the place of the machine's own."""
        bind = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', self.identity]
        with open(self.output, "wb") as stream:
            return subprocess.Popen(
                [*bind, tls_directory(), *words], stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
            )

    @contextlib.contextmanager
    def _no_longer(self, client: subprocess.Popen[bytes]) -> t.Iterator[None]:
        """A client that hangs would hang whoever asks its mount, too."""
        timer = threading.Timer(self.patience, client.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def result(self, method: str) -> dict[str, t.Any]:
        began = time.time()
        try:
            result = self.fuse() if method == "fuse" else self.gfapi()
        except Exception as error:  # what is wrong with one attacker says nothing of the others
            result = {"in": None, "reason": repr(error), "written": None}
        said = "" if result["in"] else "\n".join((self.told(self.log) + self.told(self.output)).splitlines()[-15:])
        shutil.rmtree(self.work)
        when = {"began": began, "ended": time.time()}
        return {"attacker": self.name, "method": method, "reason": None, **result, **when, "said": said}


class OfOneBrick(Attempt):
    """One that asks a single brick, whatever the others would say."""

    def __init__(self, folder: str, volume: str, brick: str, name: str, patience: float) -> None:
        self.host, self.port, self.path = brick.split(":")
        super().__init__(folder, volume, self.host, name, "", [f"{self.host}:{self.port}"], patience)

    def _client(self, point: str) -> list[str]:
        options = {
            "remote-host": self.host,
            "remote-port": self.port,
            "remote-subvolume": self.path,
            "transport-type": "tcp",
            "transport.socket.ssl-enabled": "on",
            "transport.socket.ssl-own-cert": f"{self.identity}/glusterfs.pem",
            "transport.socket.ssl-private-key": f"{self.identity}/glusterfs.key",
            "transport.socket.ssl-ca-list": f"{self.identity}/glusterfs.ca",
        }
        lines = ["volume brick", "type protocol/client", *(f"option {one} {two}" for one, two in options.items())]
        volfile = os.path.join(self.work, "volfile")
        with open(volfile, "w", encoding="utf-8") as stream:
            stream.write("\n".join([*lines, "end-volume", ""]))
        return ["glusterfs", "--no-daemon", f"--volfile={volfile}", f"--log-file={self.log}", "--log-level=INFO", point]

    def _use(self, point: str) -> None:
        os.listdir(point)
        if os.stat(point).st_dev == os.stat(self.work).st_dev:
            raise OSError(f"{point} is not the brick")


def end(client: subprocess.Popen[bytes]) -> None:
    client.kill()
    client.wait()


class Gfapi:
    """A volume through libgfapi, and a file in it."""

    def __init__(self, volume: str, server: str, log: str, plain: bool, name: str) -> None:
        self._library = ctypes.CDLL("libgfapi.so.0", use_errno=True)
        for function in ("glfs_new", "glfs_creat"):
            getattr(self._library, function).restype = ctypes.c_void_p
        self._library.glfs_write.restype = ctypes.c_ssize_t
        handle = ctypes.c_void_p(self._library.glfs_new(volume.encode()))
        self._do("glfs_set_volfile_server", handle, b"tcp", server.encode(), 24007)
        self._do("glfs_set_logging", handle, log.encode(), 7)
        if plain:
            self._do("glfs_set_xlator_option", handle, b"*-client-*", b"transport.socket.ssl-enabled", b"off")
        self._do("glfs_init", handle)
        flags = os.O_RDWR | os.O_SYNC
        self._file = ctypes.c_void_p(self._library.glfs_creat(handle, name.encode(), flags, 0o600))
        if not self._file:
            self._fail()

    def write(self) -> None:
        self._do("glfs_write", self._file, CONTENT, ctypes.c_size_t(len(CONTENT)), 0)

    def _do(self, function: str, *arguments: t.Any) -> None:
        if getattr(self._library, function)(*arguments) < 0:
            self._fail()

    @staticmethod
    def _fail() -> t.NoReturn:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def try_all(folder: str, volume: str, server: str, suffix: str, bricks: str, *methods: str) -> None:
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    # libgfapi has no way to ask for another volfile.
    tries = [
        (method, Attempt(folder, volume, server, name, suffix, bricks.split(",")))
        for method in methods
        for name in names
        if method == "fuse" or not os.path.exists(os.path.join(folder, name, "volfile"))
    ]
    with concurrent.futures.ThreadPoolExecutor(len(tries)) as pool:
        print(json.dumps(list(pool.map(lambda one: one[1].result(one[0]), tries))))


def once(folder: str, volume: str, server: str, suffix: str, bricks: str, seconds: str, *names: str) -> None:
    of_it = bricks.split(",") if bricks else []
    by_fuse([Attempt(folder, volume, server, name, suffix, of_it, float(seconds)) for name in names])


def one_by_one(folder: str, volume: str, bricks: str, seconds: str, *names: str) -> None:
    by_fuse([OfOneBrick(folder, volume, one, name, float(seconds)) for one in bricks.split(",") for name in names])


def by_fuse(tries: t.Sequence[Attempt]) -> None:
    with concurrent.futures.ThreadPoolExecutor(len(tries)) as pool:
        print(json.dumps([{**one, "server": by.server} for by, one in zip(tries, pool.map(_by_fuse, tries))]))


def _by_fuse(one: Attempt) -> dict[str, t.Any]:
    return one.result("fuse")


def again_and_again(stop: str, act: t.Callable[[], t.Mapping[str, t.Any]]) -> None:
    until = time.monotonic() + LONGEST
    while not os.path.exists(stop) and time.monotonic() < until:
        line = json.dumps(act())
        print(line, flush=True)


def loop(stop: str, folder: str, volume: str, server: str, seconds: str, *names: str) -> None:
    def attempt(name: str) -> None:
        def once() -> dict[str, t.Any]:
            return Attempt(folder, volume, server, name, "loop", patience=float(seconds)).result("fuse")

        again_and_again(stop, once)

    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(attempt, names))


def hold(stop: str, *where: str) -> None:
    volume = Gfapi(*where, log=f"{stop}.log", plain=False, name="beat-gfapi") if len(where) == 2 else None

    def by_path() -> bool:
        path = os.path.join(where[0], "beat")
        with open(path, "ab") as stream:
            stream.write(CONTENT)
            stream.flush()
            os.fsync(stream.fileno())
            return os.fstat(stream.fileno()).st_dev == os.stat(os.path.dirname(where[0])).st_dev

    def beat() -> dict[str, t.Any]:
        time.sleep(BEAT)
        try:
            local = False
            if volume:
                volume.write()
            else:
                local = by_path()
            return {"written": True, "local": local, "at": time.time()}
        except OSError as error:
            return {"written": False, "local": False, "at": time.time(), "said": str(error)}

    again_and_again(stop, beat)
    # libgfapi's threads may be stuck with what was refused.
    sys.stdout.flush()
    os._exit(0)


def plainly(log: str, volume: str, server: str, name: str) -> None:
    Gfapi(volume, server, log, plain=True, name=name).write()
    os._exit(0)


if __name__ == "__main__":
    {"try": try_all, "once": once, "bricks": one_by_one, "loop": loop, "hold": hold, "plain": plainly}[sys.argv[1]](
        *sys.argv[2:]
    )
