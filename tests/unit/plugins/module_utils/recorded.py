# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
VERSIONS = ["9.2", "10.3", "11.1"]


class Recorded:
    """Answers of a real gluster, given out in order; and the commands that asked for them."""

    def __init__(self, version: str, *names: str) -> None:
        self._folder = FIXTURES / f"gluster-{version}"
        self._index = json.loads((self._folder / "index.json").read_text())
        self._names = list(names)
        self.calls: list[list[str]] = []

    def __call__(self, argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        self.calls.append(argv)
        name = self._names.pop(0)
        return self._index[name]["rc"], (self._folder / name).read_text(), self._index[name]["stderr"]

    def text(self, name: str) -> str:
        return (self._folder / name).read_text()

    @property
    def next(self) -> str:
        return self._names[0]

    def skip(self, argv: list[str]) -> None:
        self.calls.append(argv)
        self._names.pop(0)


class Kept(Recorded):
    """Whose sealed volume is a share that the collection has made what it shall be."""

    OPTIONS = {
        "cluster.lookup-optimize": "off",
        "user.glusterops-share": "sealed@sealed",
        "user.glusterops-state": "in-use",
        "user.glusterops-origin": "adopted",
    }

    def __call__(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        rc, out, err = super().__call__(argv, **options)
        return rc, with_options(out, "sealed", self.OPTIONS), err


class Alone(Recorded):
    """Of whose volumes only one is started, as only of that the recorded states tell."""

    def __init__(self, version: str, *names: str, started: str = "sealed") -> None:
        super().__init__(version, *names)
        self._started = started

    def __call__(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        rc, out, err = super().__call__(argv, **options)
        if "<volInfo>" in out:
            root = ET.fromstring(out.encode())
            for volume in root.iterfind("volInfo/volumes/volume"):
                if volume.findtext("name") != self._started:
                    t.cast(ET.Element, volume.find("statusStr")).text = "Created"
            out = ET.tostring(root, encoding="unicode", xml_declaration=True)
        return rc, out, err


def with_options(answer: str, name: str, options: t.Mapping[str, str]) -> str:
    """The answer about volumes, where one has these options besides."""
    if "<volInfo>" not in answer:
        return answer
    root = ET.fromstring(answer.encode())
    for volume in root.iterfind("volInfo/volumes/volume"):
        if volume.findtext("name") == name:
            for key, value in options.items():
                option = ET.SubElement(t.cast(ET.Element, volume.find("options")), "option")
                ET.SubElement(option, "name").text, ET.SubElement(option, "value").text = key, value
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


OK = '<?xml version="1.0"?><cliOutput><opRet>0</opRet><opErrno>0</opErrno><opErrstr/></cliOutput>'


class Remembering:
    """What gluster tells of volumes that were told to it, and of what was set since; all else it is told succeeds.

    For what depends on the order of calls only: what a real gluster answers is recorded, and tested in the lab.
    """

    def __init__(self, *volumes: Volume) -> None:
        self.volumes = {volume.name: volume for volume in volumes}
        self.calls: list[list[str]] = []
        # By the first words of a call, what happens then.
        self.instead: dict[str, t.Callable[[list[str]], str]] = {}

    def __call__(self, argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        words = [word for word in argv[1:] if not word.startswith("--")]
        self.calls.append(words)
        for begin, answer in self.instead.items():
            if " ".join(words).startswith(begin):
                return 0, answer(words), ""
        if words[:2] == ["volume", "info"]:
            return 0, self._info(words[2:]), ""
        if words[:2] == ["volume", "set"]:
            options = dict(zip(words[3::2], words[4::2]))
            volume = self.volumes[words[2]]
            self.volumes[words[2]] = volume._replace(options={**volume.options, **options})
        return 0, OK, ""

    def _info(self, names: list[str]) -> str:
        root = ET.fromstring(OK)
        volumes = ET.SubElement(ET.SubElement(root, "volInfo"), "volumes")
        for volume in self.volumes.values():
            if not names or volume.name in names:
                volumes.append(_as_element(volume))
        return ET.tostring(root, encoding="unicode", xml_declaration=True)

    @property
    def told(self) -> list[dict[str, str]]:
        """The options of each transaction."""
        return [dict(zip(call[3::2], call[4::2])) for call in self.calls if call[:2] == ["volume", "set"]]


def _as_element(volume: Volume) -> ET.Element:
    element = ET.Element("volume")
    for tag, value in {
        "name": volume.name,
        "id": volume.id,
        "statusStr": volume.status,
        "typeStr": volume.type,
        "replicaCount": volume.replica,
        "arbiterCount": volume.arbiter,
        "disperseCount": volume.disperse,
        "redundancyCount": volume.redundancy,
        "snapshotCount": volume.snapshots,
    }.items():
        ET.SubElement(element, tag).text = str(value)
    bricks = ET.SubElement(element, "bricks")
    for brick in volume.bricks:
        one = ET.SubElement(bricks, "brick")
        ET.SubElement(one, "name").text = f"{brick.server}:{brick.path}"
        ET.SubElement(one, "hostUuid").text = brick.server_uuid
    options = ET.SubElement(element, "options")
    for key, value in volume.options.items():
        option = ET.SubElement(options, "option")
        ET.SubElement(option, "name").text, ET.SubElement(option, "value").text = key, value
    return element
