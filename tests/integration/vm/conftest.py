# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import pathlib
import sys
import typing as t

import pytest

# The conftest of the directory above. This one has its name.
_spec = importlib.util.spec_from_file_location(
    "integration_conftest", pathlib.Path(__file__).resolve().parents[1] / "conftest.py"
)
assert _spec and _spec.loader
above = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = above
_spec.loader.exec_module(above)
Lab = above.Lab


@pytest.fixture(scope="session")
def vm(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    """One server with LVM, a virtual machine. There commands take seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANSIBLE_PIPELINING", "1")
        yield from above.lab_up(tmp_path_factory.mktemp("vm"), f"{above.NAME}-vm", "--vm")


def thin_volume(vm: Lab, name: str, size: str = "600m", pool: str = "pool") -> str:
    """A started volume of one brick, on a thin logical volume of that name."""
    vm.run(
        "server1",
        f"set -e; brick=$(thin-brick {name} {size} {pool} 2>/dev/null);"
        f" gluster --mode=script volume create {name} server1:$brick; gluster volume start {name}",
    )
    return name
