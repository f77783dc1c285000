# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import os
import shlex
import threading
import typing as t
import uuid

from ansible.errors import AnsibleError
from ansible.utils.display import Display
from ansible_collections.glusterops.shares.plugins.plugin_utils.here import HereAction

# Seconds between two looks at how far the module is.
_PAUSE = 2.0
# Characters of a line that are shown.
_LONGEST = 500


class ProgressAction(HereAction):
    """An action whose module works on many things, and which shows the lines it writes about them meanwhile."""

    def answer(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        # Other connections may not take a second command while the module runs. What only looks tells nothing, unless
        # it has to wait for what it looks at, as modules here may for Heketi.
        local = self._connection.transport == "local"
        shown = (local or self._connection.transport == "ssh" and not self._task.check_mode) and not (
            self._task.async_val or arguments.get("progress_file")
        )
        if not shown:
            return self.ask(arguments, task_vars)
        directory = self.get_shell_option("system_tmpdirs", ["/var/tmp"])[0]
        lines = _Lines(self._connection, f"{directory}/glusterops-progress-{uuid.uuid4().hex}")
        arguments["progress_file"] = lines.path
        with lines:
            found = self.ask(arguments, task_vars)
        told = os.path.exists(lines.path) if local else found.get("changed") or found.get("failed")
        if told:
            # As the user the module ran as, whose file it is.
            path = shlex.quote(lines.path)
            rest = self._low_level_execute_command(f"cat {path} 2>/dev/null; rm -f {path}")
            lines.show(rest.get("stdout", ""))
        return found


class _Lines(threading.Thread):
    """Looks at a growing file on the machine where the module runs, and shows its new lines."""

    def __init__(self, connection: t.Any, path: str) -> None:
        super().__init__(daemon=True)
        self.path = path
        self._connection = connection
        self._shown = 0
        self._ended = threading.Event()

    def __enter__(self) -> _Lines:
        self.start()
        return self

    def __exit__(self, *_exception: t.Any) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        command = f"cat {shlex.quote(self.path)} 2>/dev/null"
        while not self._ended.wait(_PAUSE):
            try:
                _rc, text, _stderr = self._connection.exec_command(command, sudoable=False)
            except AnsibleError:
                continue  # The module's end will tell if the machine is gone.
            self.show(text.decode(errors="replace"))

    def show(self, text: str) -> None:
        """Shows the whole lines of the file's text that were not shown before."""
        lines = text.split("\n")[:-1]
        for line in lines[self._shown :]:
            # On stderr, so that callbacks that write JSON to stdout stay readable. No machine writes to the terminal
            # more than a line of text.
            text = "".join(one if one.isprintable() else "?" for one in line[:_LONGEST])
            Display().display(f"  {text}", stderr=True)
        self._shown = max(self._shown, len(lines))
