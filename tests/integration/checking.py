# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from harness import Lab, Play

# Where the last column begins.
TEXT = 46


@dataclasses.dataclass
class Told:
    """What the playbook showed: a line each for a finding's severity, check and first place; and its words in a row."""

    play: Play
    rows: list[tuple[str, str, str]]
    words: str


def check(lab: Lab, *options: str, playbook: str = "check", **variables: t.Any) -> Told:
    play = lab.play(f"glusterops.shares.{playbook}", *options, **variables)
    lines = [json.loads(f'"{line}"') for line in re.findall(r'^        "(.*)",?$', play.output, re.MULTILINE)]
    assert lines and not play.changed, play.output
    found = [line for line in lines if line.startswith(("ERROR", "WARNING"))]
    rows = [tuple(re.findall(r"[^\s,]+", line)[:3]) for line in found]
    words = [line[TEXT:] if line in found or line.startswith(" ") else line for line in lines]
    return Told(play, t.cast("list[tuple[str, str, str]]", rows), " ".join(" ".join(words).split()))
