# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    GlusterOpsError,
    NotFound,
    Refused,
    TimedOut,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from recorded import VERSIONS, Recorded


@pytest.mark.parametrize("version", VERSIONS)
def test_version(version: str) -> None:
    run = Recorded(version)
    assert GlusterCli(lambda *_a, **_k: (0, run.text("version.txt"), "")).version() == version


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "name, kind, message",
    [
        ("volume-info-missing.xml", NotFound, "does not exist"),
        ("volume-status-missing.xml", NotFound, "does not exist"),
        ("volume-set-bad-option.xml", Refused, "does not exist"),
        ("volume-start-again.xml", Refused, "already started"),
        ("volume-stop-stopped.xml", Refused, "not in the started state"),
        ("volume-create-exists.xml", Refused, "already exists"),
        ("volume-delete-started.xml", Refused, "has been started"),
        ("glusterd-down.txt", Unreachable, "is it running"),
    ],
)
def test_failures_by_what_is_said(version: str, name: str, kind: type[GlusterOpsError], message: str) -> None:
    """With --xml the exit code is 0 all the same."""
    with pytest.raises(GlusterOpsError, match=message) as caught:
        GlusterCli(Recorded(version, name)).xml("volume", "info", "v")
    assert caught.value.kind == kind.kind
    assert caught.value.details["cmd"] == "gluster --mode=script --xml volume info v"


@pytest.mark.parametrize("version", VERSIONS)
def test_another_transaction_is_waited_for(version: str) -> None:
    busy, pauses = "another-transaction.xml", list[float]()
    run = Recorded(version, busy, busy, "volume-set-ok.xml")
    GlusterCli(run, sleep=pauses.append).xml("volume", "set", "v", "user.note", "x")
    assert len(run.calls) == 3 and len(pauses) == 2 and all(pause > 0 for pause in pauses)
    run = Recorded(version, *[busy] * 100)
    with pytest.raises(TimedOut, match="(Another transaction is in progress|Locking failed).*Gave up after"):
        GlusterCli(run, patience=20.0, sleep=lambda _seconds: None).xml("volume", "set", "v", "user.note", "x")
    assert 5 < len(run.calls) < 40


def test_what_is_no_xml() -> None:
    for said in ("segmentation fault", '<?xml version="1.0"?><cliOutput><opRet>'):
        with pytest.raises(GlusterOpsError, match="did not answer in XML"):
            GlusterCli(lambda *_a, said=said, **_k: (1, said, "")).xml("volume", "info")


def test_no_gluster_on_the_machine() -> None:
    def missing(*_words: t.Any, **_more: t.Any) -> tuple[int, str, str]:
        raise FileNotFoundError("gluster")

    with pytest.raises(NotFound, match="'gluster' is not on this machine"):
        GlusterCli(missing).version()
