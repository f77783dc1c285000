# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in is a package inside lab/, because that is how it is copied into a container."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / "lab"), str(HERE)]

from pki import Pki, make_pki  # noqa: E402
from program import Program  # noqa: E402
from standin import fixture_start  # noqa: E402, F401  # pylint: disable=unused-import


@pytest.fixture
def program(tmp_path: Path) -> t.Iterator[t.Callable[..., Program]]:
    """Starts the stand-in as in a container; a second time in a test, it finds what the first one left."""
    started: list[Program] = []

    def run(**options: t.Any) -> Program:
        started.append(Program(tmp_path, **options))
        return started[-1]

    yield run
    for one in started:
        one.kill()


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return make_pki(tmp_path)
