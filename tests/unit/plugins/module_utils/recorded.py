# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import typing as t

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
VERSIONS = ["9.2", "10.3", "11.1"]


class Recorded:
    """Answers of a real gluster, given out in order; and the commands that asked for them."""

    def __init__(self, version: str, *names: str) -> None:
        self._folder = FIXTURES / f"gluster-{version}"
        self._index = json.loads((self._folder / "index.json").read_text())
        self._names = list(names)
        self.calls: list[list[str]] = []

    def __call__(self, argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        self.calls.append(argv)
        name = self._names.pop(0)
        return self._index[name]["rc"], (self._folder / name).read_text(), self._index[name]["stderr"]

    def text(self, name: str) -> str:
        return (self._folder / name).read_text()

    @property
    def next(self) -> str:
        return self._names[0]

    def skip(self, argv: list[str]) -> None:
        self.calls.append(argv)
        self._names.pop(0)
