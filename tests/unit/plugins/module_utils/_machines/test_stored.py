# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._machines.stored import (
    differing,
    digests,
    stored,
)


@pytest.mark.parametrize(
    "option",
    [
        "auth.allow",
        "auth.reject",
        "auth.ssl-allow",
        "client.ssl",
        "features.uss",
        "server.dynamic-auth",
        "server.ssl",
        "ssl.crl-path",
    ],
)
def test_an_option_that_differs_is_named(option: str) -> None:
    usual = {"auth.ssl-allow": "server1,tenant-a", "client.ssl": "on", "auth.reject": "10.0.0.1"}
    assert differing(digests(usual), digests({**usual, option: "other"})) == [option]
    assert differing(digests(usual), digests({**usual, "user.note": "other"})) == []
    # Not set is not what is set to nothing.
    assert differing(digests({}), digests({option: ""})) == [option]


def test_what_a_server_has(tmp_path: pathlib.Path) -> None:
    for name, text in (("one", "count=1\nauth.ssl-allow=a\nbrick-0=server1:-srv-one\n"), ("two", "")):
        (tmp_path / "vols" / name).mkdir(parents=True)
        (tmp_path / "vols" / name / "info").write_text(text)
    assert stored(str(tmp_path)) == {"one": digests({"auth.ssl-allow": "a"}), "two": None}
