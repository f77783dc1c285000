# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection to compare with: gluster.gluster, which the ansible package ended with in its version 9."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

from benchmarks.stage import BenchError
from lab.report import say
from lab.state import ROOT

PACKAGE = "ansible==9.13.0"
FOLDER = "ansible_collections/gluster/gluster/"


def gluster_collection() -> pathlib.Path:
    """The folder whose ansible_collections hold gluster.gluster; fetched once, and kept under build/."""
    build = pathlib.Path(ROOT, "build")
    folder = build / "gluster"
    if (folder / FOLDER / "MANIFEST.json").exists():
        return folder
    say(f"Fetching gluster.gluster out of {PACKAGE} ...")
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build) as scratch:
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        words += ["--no-deps", "--only-binary=:all:", "--dest", scratch, PACKAGE]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        wheels = list(pathlib.Path(scratch).glob("*.whl"))
        if done.returncode or not wheels:
            raise BenchError(f"pip could not download {PACKAGE}: {done.stderr.strip()[-500:]}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(
                os.path.join(scratch, "new"), [name for name in wheel.namelist() if name.startswith(FOLDER)]
            )
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(os.path.join(scratch, "new"), folder)
    return folder
