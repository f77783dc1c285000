# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import Allowed, Snapshot
from recorded import Recorded


def test_all_in_one_call() -> None:
    run = Recorded("10.3", "snapshot-info-two.xml")
    found = snapshot.snapshots(GlusterCli(run))
    assert len(run.calls) == 1 and run.calls[0][3:] == ["snapshot", "info"]
    assert found == {
        "monday": Snapshot(
            name="monday",
            uuid="07021603-ce0a-49e6-8e79-8bc5ea3322e1",
            description='As it was, <b> & "q"',
            created="2026-11-21T14:34:43Z",
            volume="thin",
            active=False,
            logical="9fd1cb28843c4ef488e71d38ae2631e7",
        ),
        "tuesday": Snapshot(
            name="tuesday",
            uuid="94cf47ac-74b0-446d-9fd7-48980350c579",
            description="",
            created="2026-11-21T14:34:50Z",
            volume="thin",
            active=True,
            logical="82475e09100c4f138669b51956574fcb",
        ),
    }
    assert snapshot.snapshots(GlusterCli(Recorded("10.3", "snapshot-info-none.xml"))) == {}


def test_no_lvm_is_not_no_snapshots() -> None:
    with pytest.raises(Refused, match="Gluster finds no LVM on this server") as caught:
        snapshot.snapshots(GlusterCli(Recorded("10.3", "snapshot-without-lvm.xml")))
    assert caught.value.details["op_errno"] == 30800


def test_how_many_a_volume_may_have() -> None:
    found = snapshot.allowed(GlusterCli(Recorded("10.3", "snapshot-config.xml")))
    assert found["thin"] == Allowed(hard=256, soft=230, auto_delete=False)
    deleting = Allowed(hard=3, soft=2, auto_delete=True)
    assert deleting.has_room(1) and not deleting.has_room(2)
    assert Allowed(3, 2, False).has_room(2) and not Allowed(3, 2, False).has_room(3)


def test_what_is_done_already_is_no_failure() -> None:
    snapshot.activate(GlusterCli(Recorded("10.3", "snapshot-activate-ok.xml")), "tuesday")
    snapshot.activate(GlusterCli(Recorded("10.3", "snapshot-activate-again.xml")), "tuesday")
    snapshot.deactivate(GlusterCli(Recorded("10.3", "snapshot-deactivate-again.xml")), "monday")
    assert not snapshot.delete(GlusterCli(Recorded("10.3", "snapshot-delete-missing.xml")), "nosuch")
    assert snapshot.delete(GlusterCli(Recorded("10.3", "snapshot-delete-ok.xml")), "tuesday")
    assert not snapshot.create(GlusterCli(Recorded("10.3", "snapshot-create-exists.xml")), "monday", "thin")
    with pytest.raises(Refused, match="already activated"):
        snapshot.deactivate(GlusterCli(Recorded("10.3", "snapshot-activate-again.xml")), "tuesday")


def test_names_are_exact() -> None:
    run = Recorded("10.3", "snapshot-create-ok.xml", "snapshot-create-ok.xml")
    assert snapshot.create(GlusterCli(run), "monday", "thin", 'As it was, <b> & "q"')
    snapshot.create(GlusterCli(run), "monday", "thin")
    words = ["snapshot", "create", "monday", "thin", "no-timestamp"]
    assert [call[3:] for call in run.calls] == [[*words, "description", 'As it was, <b> & "q"'], words]
