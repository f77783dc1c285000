# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, Unreachable
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import volfile
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from recorded import VERSIONS, Recorded

BRICK = Brick("server2", "/srv/bricks/pieces", "u2")
VOLUME = Volume("pieces", "", "Started", "Distribute", 1, 0, 0, 0, 0, (BRICK,), {})


@pytest.mark.parametrize("version", VERSIONS)
def test_whom_a_brick_lets_in(version: str) -> None:
    """As its own server tells it."""
    run = Recorded(version, "volfile-brick.txt", "volfile-brick-lasting.txt")
    cli = GlusterCli(run)
    assert volfile.rules(cli, VOLUME, BRICK) == volfile.Rules("glusterfs-server1,tenant-a", tls=True, dynamic=True)
    assert not volfile.rules(cli, VOLUME, BRICK).dynamic
    asked = ["gluster", "--mode=script", "--remote-host=server2", "system::", "getspec"]
    assert run.calls[0] == [*asked, "pieces.server2.srv-bricks-pieces"]


def test_a_brick_without_a_list() -> None:
    text = Recorded("10.3").text("volfile-brick.txt")
    without = "\n".join(line for line in text.splitlines() if ".ssl-allow" not in line and "ssl-enabled" not in line)
    assert volfile.read_rules(without) == volfile.Rules(None, tls=False, dynamic=True)


@pytest.mark.parametrize("text", ["", "volume a\nend-volume\n", "volume a\n    type protocol/server\n"])
def test_what_is_no_bricks_volfile(text: str) -> None:
    with pytest.raises(GlusterOpsError, match="breaks off"):
        volfile.read_rules(text)


def test_a_client_that_would_see_a_part_of_it() -> None:
    text = Recorded("10.3").text("volfile-client.txt")
    part = text[: text.index("end-volume") + len("end-volume")] + "\n"
    with pytest.raises(GlusterOpsError, match="the volfile of 'pieces' ends with 'pieces-client-0'"):
        volfile.read_client(part, "pieces")


def test_a_server_that_does_not_answer() -> None:
    text = "Connection failed. Please check if gluster daemon is operational."
    cli = GlusterCli(lambda _argv, **_options: (1, "", text))
    with pytest.raises(Unreachable, match="glusterd does not answer on server2: is it running"):
        volfile.rules(cli, VOLUME, BRICK)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_that_sees_what_bricks_hold(version: str) -> None:
    text = Recorded(version).text("volfile-client.txt")
    blocks = dict(re.findall(r"^volume (\S+)\n(.*?)^end-volume", text, re.MULTILINE | re.DOTALL))
    [(shard, body)] = [(name, body) for name, body in blocks.items() if "type features/shard" in body]
    [below] = re.findall(r"^    subvolumes (\S+)$", body, re.MULTILINE)
    bare = volfile.without(text, "features/shard")
    found = dict(re.findall(r"^volume (\S+)\n(.*?)^end-volume", bare, re.MULTILINE | re.DOTALL))
    # All else is as it was, but what was above it is above what was below it.
    assert list(found) == [name for name in blocks if name != shard]
    [above] = [name for name, body in blocks.items() if re.search(rf"^    subvolumes {shard}$", body, re.MULTILINE)]
    assert f"    subvolumes {below}\n" in found[above]
    assert {name: body for name, body in found.items() if name != above} == {
        name: body for name, body in blocks.items() if name not in (above, shard)
    }
    assert volfile.without(bare, "features/shard") == bare
