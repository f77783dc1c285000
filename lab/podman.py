# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that calls podman."""

from __future__ import annotations

import json
import shutil
import subprocess
import typing as t

from lab.report import LabError

LABEL_LAB = "glusterops.lab"
LABEL_HOME = "glusterops.home"  # the state folder, so that two checkouts never touch each other's labs


class PodmanError(LabError):
    """A podman command failed; ``stderr`` is what it said."""

    def __init__(self, argv: t.Sequence[str], stderr: str) -> None:
        self.stderr = stderr.strip()
        last = self.stderr.splitlines()[-1] if self.stderr else "no message"
        super().__init__(f"podman {' '.join(argv[:3])} … failed: {last}")


class Podman:
    """Calls podman, with the OCI runtime that was found to work on this machine."""

    def __init__(self, runtime: str = "") -> None:
        self.runtime = runtime

    @staticmethod
    def installed() -> bool:
        return shutil.which("podman") is not None

    def argv(self, *words: str) -> list[str]:
        return ["podman", *(["--runtime", self.runtime] if self.runtime else []), *words]

    def run(self, *words: str, timeout: float = 120, check: bool = True) -> subprocess.CompletedProcess[str]:
        try:
            done = subprocess.run(
                self.argv(*words),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except FileNotFoundError:
            raise LabError("podman is not installed: apt-get install podman (and runc, netavark)") from None
        except subprocess.TimeoutExpired:
            raise LabError(f"podman {' '.join(words[:3])} … did not end within {timeout:.0f} s") from None
        if check and done.returncode:
            raise PodmanError(words, done.stderr or done.stdout)
        return done

    def json(self, *words: str) -> t.Any:
        return json.loads(self.run(*words).stdout or "null")

    def containers(self, **labels: str) -> list[dict[str, t.Any]]:
        """All containers, running or not, that have these labels."""
        return self.json("ps", "--all", "--no-trunc", *_filters(labels), "--format", "json") or []

    def networks(self, **labels: str) -> list[dict[str, t.Any]]:
        return self.json("network", "ls", "--no-trunc", *_filters(labels), "--format", "json") or []

    def network(self, name: str) -> dict[str, t.Any] | None:
        done = self.run("network", "inspect", name, check=False)
        return json.loads(done.stdout)[0] if done.returncode == 0 else None

    def image(self, name: str) -> dict[str, t.Any] | None:
        done = self.run("image", "inspect", name, check=False)
        return json.loads(done.stdout)[0] if done.returncode == 0 else None

    def remove(self, ids: t.Sequence[str]) -> None:
        """Stop and remove containers by id. A second try forgives what a killed container left half undone."""
        if not ids:
            return
        if self.run("rm", "--force", "--volumes", "--time", "2", *ids, check=False).returncode == 0:
            return
        for one in ids:
            done = self.run("rm", "--force", "--ignore", "--volumes", "--time", "0", one, check=False)
            if done.returncode and self.run("container", "exists", one, check=False).returncode == 0:
                raise PodmanError(["rm", one], done.stderr)


def _filters(labels: dict[str, str]) -> list[str]:
    """Keyword arguments ``lab`` and ``home`` as filters; an empty value means: any."""
    words = []
    for name, value in labels.items():
        label = {"lab": LABEL_LAB, "home": LABEL_HOME}[name]
        words += ["--filter", f"label={label}={value}" if value else f"label={label}"]
    return words
