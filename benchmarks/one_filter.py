# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m benchmarks.one_filter NAME` runs a filter, with its arguments as JSON on stdin, prints what it gives as
JSON, and tells how long it kept a processor busy, and how much memory it had."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time


def main(name: str) -> None:
    module = importlib.import_module(f"ansible_collections.glusterops.shares.plugins.filter.{name}")
    run = module.FilterModule().filters()[name]
    arguments = json.load(sys.stdin)
    began = time.process_time()
    found = run(**arguments)
    seconds = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump(found, sys.stdout)
    sys.stderr.write(json.dumps({"seconds": seconds, "memory": memory}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
