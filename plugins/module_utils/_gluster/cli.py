# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import random
import re
import time
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    NotFound,
    Refused,
    TimedOut,
    Unreachable,
)

# opErrno of the gluster CLI. It is inconsistent: several failures only differ in their text.
_NO_VOLUME = 30806
_BUSY = 30802

_NO_DAEMON = re.compile("Connection failed|daemon is operational")

_Answer = t.TypeVar("_Answer")
RunCommand = t.Callable[..., "tuple[int, str, str]"]


def is_half_done(exc: GlusterOpsError) -> bool:
    """Whether some servers have done what was asked, and others could not."""
    return "Commit failed" in str(exc)


class GlusterBusy(Conflict):
    """Somebody else's transaction holds the cluster's or the volume's lock."""


class NoAnswer(GlusterOpsError):
    """gluster ended without an answer: without a word, as it does while a volume's quota daemon is being started again,
    or with something else, as where it could not read a limit."""


class GlusterCli:
    """The one place that composes a gluster command line and judges its answer.

    C(run_command) has the shape of AnsibleModule.run_command. A call that meets somebody else's
    transaction is repeated for up to C(patience) seconds.
    """

    def __init__(
        self, run_command: RunCommand, patience: float = 120.0, sleep: t.Callable[[float], None] = time.sleep
    ) -> None:
        self.run_command = run_command
        self._patience = patience
        self.sleep = sleep
        # Whose glusterd is asked; this one's if empty.
        self.server = ""

    def at(self, server: str) -> GlusterCli:
        """The same, but another server's glusterd is asked. It tells, and takes no order that changes anything."""
        other = GlusterCli(self.run_command, self._patience, self.sleep)
        other.server = server
        return other

    def _argv(self, *words: str) -> list[str]:
        return ["gluster", "--mode=script", *([f"--remote-host={self.server}"] if self.server else []), *words]

    def version(self) -> str:
        """GlusterFS's version, such as V(10.3), from C(gluster --version)."""
        words = self._run(["gluster", "--version"])[1].split()
        if len(words) < 2 or words[0] != "glusterfs":
            raise GlusterOpsError("'gluster --version' did not say a version.", stdout=" ".join(words)[:200])
        return words[1]

    def xml(self, *words: str, again: t.Callable[[], None] | None = None) -> ET.Element:
        """The root of the XML answer of C(gluster WORDS). again: called before it is asked once more, because it met
        somebody else's transaction; what it raises ends it.

        Raises NotFound (no such volume), NoAnswer, Unreachable (no glusterd), Refused (anything else that
        glusterd did not do), each with cmd, op_errno, op_errstr and stderr.
        """
        return self._patiently(self._once_xml, words, again)

    def text(self, *words: str) -> str:
        """The plain answer of C(gluster WORDS), for the calls whose XML leaves out what they are asked for."""
        return self._patiently(self._once_text, words)

    def _patiently(
        self,
        call: t.Callable[[tuple[str, ...]], _Answer],
        words: tuple[str, ...],
        again: t.Callable[[], None] | None = None,
    ) -> _Answer:
        waited, pause = 0.0, 0.2
        while True:
            try:
                return call(words)
            except GlusterBusy as exc:
                if waited >= self._patience:
                    raise TimedOut(f"{exc} Gave up after {waited:.0f} seconds.", **exc.details) from exc
            pause = min(pause * 1.5, 5.0)
            jittered = pause * random.uniform(0.5, 1.0)
            self.sleep(jittered)
            waited += jittered
            if again:
                again()

    def _run(self, argv: list[str]) -> tuple[int, str, str]:
        try:
            return self.run_command(argv, environ_update={"LC_ALL": "C.UTF-8"}, handle_exceptions=False)
        except OSError as exc:
            raise NotFound("The program 'gluster' is not on this machine: run this on a Gluster server.") from exc

    def _once_text(self, words: tuple[str, ...]) -> str:
        argv = self._argv(*words)
        rc, out, err = self._run(argv)
        if rc:
            details = {"cmd": " ".join(argv), "rc": rc, "stderr": err.strip()}
            self._fail(words, (err or out).strip() or "no reason given", 0, details)
        return out

    def _once_xml(self, words: tuple[str, ...]) -> ET.Element:
        argv = self._argv("--xml", *words)
        rc, out, err = self._run(argv)
        details = {"cmd": " ".join(argv), "rc": rc, "stderr": err.strip()}
        start = out.find("<?xml")
        try:
            # Bytes that are no text arrive as lone surrogates, and an encoding may be unknown.
            root = ET.fromstring(out[start:].encode(errors="surrogateescape")) if start >= 0 else None
        except (ET.ParseError, ValueError, LookupError):
            root = None
        if root is None:
            said = (out + err).strip()
            if not said:
                raise NoAnswer(f"gluster said nothing when asked '{' '.join(words[:4])}'.", **details)
            if _NO_DAEMON.search(said):
                self._fail(words, said, 0, details)
            raise NoAnswer(f"gluster did not answer in XML: {said[:500]}", stdout=out[:2000], **details)
        if (root.findtext("opRet") or "").strip() == "0":
            return root
        # Some answers carry their text only in cliOutput or on stderr.
        text = (root.findtext("opErrstr") or root.findtext("cliOutput") or err or "no reason given").strip()
        errno = (root.findtext("opErrno") or "").strip()
        self._fail(words, text, int(errno) if re.fullmatch("-?[0-9]{1,9}", errno) else 0, details)

    def _fail(self, words: tuple[str, ...], text: str, errno: int, details: dict[str, t.Any]) -> t.NoReturn:
        details.update(op_errno=errno, op_errstr=text)
        said = f"gluster refused '{' '.join(words[:3])}': {text}"
        if _NO_DAEMON.search(text):
            raise Unreachable(f"glusterd does not answer on {self.server or 'this server'}: is it running?", **details)
        if "Another transaction" in text or "Locking failed" in text or errno == _BUSY:
            raise GlusterBusy(said, **details)
        if errno == _NO_VOLUME or re.match(r"Volume \S+ does not exist", text):
            raise NotFound(said, **details)
        raise Refused(said, **details)
