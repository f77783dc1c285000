# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
import typing as t

import pytest
import siege
from chaos import run
from harness import NAME, Lab, lab_up, make_by_hand, remove, with_identities


@pytest.fixture(scope="session")
def lab() -> t.Iterator[Lab]:
    """Three bare servers with Heketi, and three hosts."""
    with lab_up(NAME) as lab:
        yield lab


@pytest.fixture
def as_new(lab: Lab) -> t.Iterator[t.Callable[..., Lab]]:
    """Makes the lab as new, with options of its own. Tests that do so come last, since the others share the lab."""

    def reset(*options: str) -> Lab:
        lab.reset(*options)
        return lab

    yield reset
    if os.environ.get("KEEP_LAB"):
        lab.reset()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "as_new" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def newer_lab() -> t.Iterator[Lab]:
    """The like with GlusterFS 11.1, and without Heketi."""
    with lab_up(f"{NAME}-11", "--suite", "trixie", "--no-heketi") as lab:
        yield lab


@pytest.fixture(scope="session")
def identities(lab: Lab) -> Lab:
    """The lab with the tls playbook run on it."""
    return with_identities(lab)


@pytest.fixture(scope="session")
def newer(newer_lab: Lab) -> Lab:
    return with_identities(newer_lab)


@pytest.fixture(scope="module", params=["identities", "newer"], ids=["10.3", "11.1"])
def either(request: pytest.FixtureRequest) -> Lab:
    """Each in turn."""
    return t.cast(Lab, request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def heketi(lab: Lab) -> dict[str, t.Any]:
    return lab.heketi()


@pytest.fixture
def volume(identities: Lab, request: pytest.FixtureRequest) -> t.Iterator[str]:
    """A volume made by hand for one test."""
    name = "v-" + re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:60]
    yield make_by_hand(identities, name)
    remove(identities, name)


@pytest.fixture(scope="module")
def untouched(identities: Lab) -> t.Iterator[str]:
    """A volume made by hand for all tests that must not change it."""
    yield make_by_hand(identities, "untouched")
    remove(identities, "untouched")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the attacks and the chaos came to."""
    if siege.TABLE:
        terminalreporter.section("attacks")
        terminalreporter.write_line("\n".join(siege.table()))
    if run.TOLD:
        terminalreporter.section("chaos")
        terminalreporter.write_line("\n".join(run.TOLD))
