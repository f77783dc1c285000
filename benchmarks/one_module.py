# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m benchmarks.one_module NAME` runs a module, with its parameters on stdin, and tells what it took."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time

from ansible.module_utils import basic


def main(name: str) -> None:
    module = importlib.import_module(f"ansible_collections.glusterops.shares.plugins.modules.{name}")
    # Which encoding the parameters have; older versions of ansible-core do not ask.
    vars(basic)["_ANSIBLE_PROFILE"] = "legacy"
    began = time.monotonic()
    try:
        module.main()
    finally:
        seconds = time.monotonic() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sys.stderr.write(json.dumps({"seconds": seconds, "memory": memory}) + "\n")


if __name__ == "__main__":
    # A module takes an argument for a file of its parameters.
    main(sys.argv.pop())
