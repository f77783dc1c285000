# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Every module says what it supports; a module's own attributes fill in the support.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the changed status and the changes that the real run would make.
  diff_mode:
    description: Will return details on what has changed (or would change in C(check_mode)) when in diff mode.
  idempotent:
    description: When run twice in a row outside check mode with the same arguments, the second run changes nothing.
  platform:
    description: Where the module can run.
    platforms: posix
"""

    # A module that works on many things, with a line about each as it goes.
    PROGRESS = r"""
options:
  progress_file:
    description:
      - A file that must not exist yet, to which a line is written as each thing is done or fails.
      - There is no need to set it. With the connections C(ssh) and C(local) such lines are shown (on stderr) while the
        task runs; this is how.
    type: path
    version_added: "0.2.0"
"""

    # A module that changes nothing.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details: The module changes nothing.
  diff_mode:
    support: none
    details: The module changes nothing.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
"""

    # A module that changes things supports all of it.
    CHANGES = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
"""
