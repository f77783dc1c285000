# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a transcript: what was sent to a Heketi server and what it answered, byte for byte."""

from __future__ import annotations

import email.utils
import json
import re
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent / "transcripts"


@dataclass
class Exchange:
    """One request with its answer."""

    file: str
    line: int
    label: str = ""
    method: str = ""
    path: str = ""
    sent_headers: list[tuple[str, str]] = field(default_factory=list)
    sent_body: str | None = None
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def time(self) -> int:
        """The second in which the server answered."""
        return int(email.utils.parsedate_to_datetime(self.headers["Date"]).timestamp())

    @property
    def json(self) -> t.Any:
        return json.loads(self.body)

    @property
    def sent_json(self) -> t.Any:
        return json.loads(self.sent_body or "null")

    @property
    def pending(self) -> bool:
        return self.headers.get("X-Pending") == "true"

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.label!r} {self.method} {self.path}"


def read(name: str) -> list[Exchange]:
    """The exchanges of one transcript, in order."""
    exchanges: list[Exchange] = []
    label = ""
    lines = (HERE / name).read_text(encoding="utf-8").split("\n")
    at = 0
    while at < len(lines):
        if lines[at].startswith("### "):
            label = lines[at][4:]
            at += 1
        elif lines[at].startswith(">>> "):
            block = at
            while at < len(lines) and lines[at].startswith((">>>", "<<<")):
                at += 1
            exchanges.append(_exchange(Exchange(name, block + 1, label), lines[block:at]))
            label = ""
        else:
            assert lines[at] == "", f"{name}:{at + 1}: {lines[at]!r} belongs to no exchange"
            at += 1
    return exchanges


def _exchange(exchange: Exchange, lines: list[str]) -> Exchange:
    sent = [line[4:] for line in lines if line.startswith(">>>")]
    answered = [line[4:] for line in lines if line.startswith("<<<")]
    exchange.method, exchange.path = sent[0].split(" ", 1)
    head, body = _split(sent[1:])
    exchange.sent_headers = [t.cast("tuple[str, str]", tuple(line.split(": ", 1))) for line in head]
    exchange.sent_body = body
    match = re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", answered[0])
    assert match, answered[0]
    exchange.status = int(match[1])
    head, body = _split(answered[1:])
    exchange.headers = dict(line.split(": ", 1) for line in head)
    exchange.body = body or ""
    return exchange


def _split(lines: list[str]) -> tuple[list[str], str | None]:
    """Headers and body: an empty line ends the headers, and without one there is no body."""
    if "" not in lines:
        return lines, None
    at = lines.index("")
    return lines[:at], "\n".join(lines[at + 1 :])
