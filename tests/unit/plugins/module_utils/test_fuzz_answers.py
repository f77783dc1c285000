# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded answers that were spoilt: each gives a result that could be, or a GlusterOpsError. See `make fuzz`."""

from __future__ import annotations

import dataclasses
import json
import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, healing, snapshot, volfile
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from fuzzing import ODD, more, spoilt
from hypothesis import given
from hypothesis import strategies as st
from recorded import FIXTURES, VERSIONS

Reader = t.Callable[[GlusterCli], t.Any]
BRICKS = tuple(answers.Brick(f"server{number}", "/srv/bricks/sealed", "") for number in (1, 2, 3))
VOLUME = answers.Volume("sealed", "", "Started", "", 3, 0, 0, 0, 0, BRICKS, {})


def status(cli: GlusterCli) -> t.Any:
    return answers.status(cli, {})


def doors(cli: GlusterCli) -> t.Any:
    return answers.doors(cli, {})


def clients(cli: GlusterCli) -> t.Any:
    return answers.clients(cli, {})


READERS: dict[str, list[Reader]] = {
    "volume-info-*.xml": [answers.volumes, lambda cli: answers.volume(cli, "sealed")],
    "pool-list*.xml": [answers.peers],
    "volume-list.xml": [answers.volume_names],
    "volume-status-*.xml": [status, doors, lambda cli: answers.capacity(cli, VOLUME)],
    "volume-rebalance-*.xml": [lambda cli: answers.rebalance(cli, "grown")],
    "quota-list*.xml": [lambda cli: answers.read_limit(cli.xml("volume", "quota", "sealed", "list"))],
    "volume-status-client-list*.txt": [clients],
    "volfile-brick*.txt": [lambda cli: volfile.read_rules(cli.text("system::", "getspec", "sealed"))],
    "volfile-client*.txt": [lambda cli: volfile.client(cli, "pieces")],
    "volume-heal-*.xml": [lambda cli: healing.heals(cli, "twofold")],
    "snapshot-info-*.xml": [snapshot.snapshots],
    "snapshot-config*.xml": [lambda cli: snapshot.read_allowed(cli.xml("snapshot", "config"))],
}
CASES = [
    (path, reader)
    for version in VERSIONS
    for pattern, readers in READERS.items()
    for path in sorted((FIXTURES / f"gluster-{version}").glob(pattern))
    for reader in readers
]


def read(reader: Reader, text: str, rc: int = 0) -> t.Any:
    """What the reader makes of the answer; None if it refuses it."""
    cli = GlusterCli(lambda _argv, **_options: (rc, text, ""), patience=0)
    try:
        return reader(cli)
    except GlusterOpsError:
        return None


def check(found: t.Any) -> None:
    """Nothing without a name, and no number below nothing, is in what was read."""
    if isinstance(found, dict):
        assert "" not in found
        check(list(found.values()))
    elif isinstance(found, (list, tuple)):
        for one in found:
            check(one)
    elif dataclasses.is_dataclass(found):
        for name, value in vars(found).items():
            assert name not in ("name", "uuid", "server", "status", "hostname") or value, found
            assert not isinstance(value, int) or value >= 0, found
            check(value)


@given(case=st.sampled_from(CASES), data=st.data())
@more
def test_an_answer_with_odd_bytes(case: tuple[t.Any, Reader], data: st.DataObject) -> None:
    path, reader = case
    check(read(reader, data.draw(spoilt(path.read_text()))))


@given(case=st.sampled_from([case for case in CASES if case[0].suffix == ".xml"]), data=st.data())
@more
def test_an_answer_with_an_element_less_or_another_text(case: tuple[t.Any, Reader], data: st.DataObject) -> None:
    path, reader = case
    root = ET.fromstring(path.read_bytes())
    parent = data.draw(st.sampled_from([element for element in root.iter() if len(element)]))
    element = data.draw(st.sampled_from(list(parent)))
    if data.draw(st.booleans()):
        parent.remove(element)
    else:
        element.text = data.draw(ODD)
    check(read(reader, ET.tostring(root, "unicode", xml_declaration=True)))


@given(case=st.sampled_from(CASES), data=st.data())
@more
def test_an_answer_that_breaks_off(case: tuple[t.Any, Reader], data: st.DataObject) -> None:
    path, reader = case
    index = json.loads((path.parent / "index.json").read_text())
    whole = path.read_text()
    cut = whole[: data.draw(st.integers(0, len(whole.rstrip()) - 1))]
    found = read(reader, cut, index[path.name]["rc"])
    if path.suffix == ".xml" or path.name.startswith("volfile"):
        assert found is None, cut
    elif found is not None:
        # A text has no end. What is read of a volume is whole.
        expected = read(reader, whole)
        assert found == {name: expected[name] for name in found}, cut


@pytest.mark.parametrize("path, reader", CASES)
def test_whole_answers_are_read(path: t.Any, reader: Reader) -> None:
    index = json.loads((path.parent / "index.json").read_text())
    check(read(reader, path.read_text(), index[path.name]["rc"]))
