# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The build to compare with: the collection as it was before it was made faster."""

from __future__ import annotations

import io
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

from benchmarks.stage import BenchError
from lab.report import say
from lab.state import ROOT

COMMIT = "7e1c312"
FOLDER = "ansible_collections/glusterops/shares"


def before() -> pathlib.Path:
    """The folder whose ansible_collections hold it; taken out of the repository once, and kept under build/."""
    build = pathlib.Path(ROOT, "build")
    folder = build / f"before-{COMMIT}"
    if folder.exists():
        return folder
    say(f"Taking the build of {COMMIT} out of the repository ...")
    # The repository is its user's, and benchmarks run as root.
    words = ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "archive", COMMIT]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise BenchError(f"commit {COMMIT}, to compare with, is not in this repository: git fetch --unshallow")
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build) as scratch, tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(os.path.join(scratch, "new", FOLDER))
        shutil.move(os.path.join(scratch, "new"), folder)
    return folder
