# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processor time of a lab's machines, of which the kernel keeps account: whatever else runs does not count."""

from __future__ import annotations

import pathlib
import re
import typing as t

from lab.podman import Podman
from lab.state import home

GROUPS = pathlib.Path("/sys/fs/cgroup")


def meter(name: str) -> t.Callable[[], float]:
    """What tells how many seconds all machines of the lab have used so far, together."""
    accounts = [_account(one["Pid"]) for one in Podman().containers(lab=name, home=home())]
    return lambda: sum(_seconds(account) for account in accounts)


def _account(pid: int) -> pathlib.Path:
    groups = dict(
        line.split(":", 2)[1:] for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text("utf-8").splitlines()
    )
    for controllers, path in groups.items():
        if "cpuacct" in controllers.split(","):
            return GROUPS / controllers / path.strip("/") / "cpuacct.usage"
    # The second version of control groups has one tree, without a name.
    return GROUPS / groups[""].strip("/") / "cpu.stat"


def _seconds(account: pathlib.Path) -> float:
    text = account.read_text("ascii")
    usage = re.search(r"^usage_usec (\d+)$", text, re.MULTILINE)
    return int(usage.group(1)) / 1e6 if usage else int(text) / 1e9
