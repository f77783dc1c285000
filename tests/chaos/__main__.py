# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make chaos MINUTES=30 SEED=7`: users' work on a lab of its own while everything breaks, decided by a seed."""

from __future__ import annotations

import argparse
import random
import sys

from harness import NAME, lab_up

from chaos.run import chaos


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m chaos", description="Users' work while everything breaks.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = parser.parse_args()
    with lab_up(NAME) as lab:
        report = chaos(lab, given.seed, given.minutes)
    print(report.text)
    return 0 if report.well else 1


if __name__ == "__main__":
    sys.exit(main())
