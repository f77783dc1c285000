# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import pathlib
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress


def test_a_line_for_each(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "lines"
    progress = Progress(str(path))
    progress.expect(3)
    assert not path.exists()
    with progress.of("a", "created"):
        pass
    with pytest.raises(Refused), progress.of("b", "created"):
        raise Refused("No space.\nNowhere.")
    with progress.of("c", "expanded"):
        pass
    assert re.sub(r"0\.\d s", "0 s", path.read_text()).splitlines() == [
        "a created (0 s, 2 left)",
        "b failed: No space. Nowhere. (0 s, 1 left)",
        "c expanded (0 s, 0 left)",
    ]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("exception", [KeyError, OSError, KeyboardInterrupt])
def test_what_ends_in_an_exception_was_not_done(tmp_path: pathlib.Path, exception: type[BaseException]) -> None:
    progress = Progress(str(tmp_path / "lines"))
    with pytest.raises(exception), progress.of("a", "created"):
        raise exception("of some kind")
    assert (tmp_path / "lines").read_text().startswith(f"a failed: {exception.__name__} (")


def test_a_line_in_between(tmp_path: pathlib.Path) -> None:
    progress = Progress(str(tmp_path / "lines"))
    progress.expect(1)
    with progress.of("a", "wiped"):
        progress.say("a: 12 files removed (6/s)")
    first, last = (tmp_path / "lines").read_text().splitlines()
    assert first == "a: 12 files removed (6/s)" and last.startswith("a wiped (") and last.endswith("0 left)")


def test_many_at_once_are_all_told(tmp_path: pathlib.Path) -> None:
    progress = Progress(str(tmp_path / "lines"))
    progress.expect(100)

    def work(number: int) -> None:
        with progress.of(f"v{number}", "created"):
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(100)))
    lines = (tmp_path / "lines").read_text().splitlines()
    assert [int(re.findall(r"(\d+) left", line)[0]) for line in lines] == list(range(99, -1, -1))


def test_a_file_of_somebody_else_is_not_touched(tmp_path: pathlib.Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    for path in (theirs, tmp_path / "link"):
        if path != theirs:
            path.symlink_to(theirs)
        progress = Progress(str(path))
        with progress.of("a", "created"):
            pass
    assert theirs.read_text() == "theirs"


def test_without_a_file_nothing_is_told() -> None:
    with Progress().of("a", "created"):
        pass


def test_the_same_reason_is_told_once(tmp_path: pathlib.Path) -> None:
    progress = Progress(str(tmp_path / "lines"))
    for name, why in (
        ("v1", "brick v1 of a" + "0" * 31 + ": No space."),
        ("v2", "brick v2 of b" + "0" * 31 + ": No space."),
        ("v3", "brick v33 of a" + "0" * 31 + ": No space."),
        ("v1", "another"),
    ):
        with contextlib.suppress(GlusterOpsError), progress.of(name, "created"):
            raise GlusterOpsError(why)
    lines = [line.partition(" (")[0] for line in (tmp_path / "lines").read_text().splitlines()]
    assert [line.partition(" of ")[0] for line in lines] == [
        "v1 failed: brick v1",
        "v2 failed: like v1",
        "v3 failed: brick v33",
        "v1 failed: another",
    ]
