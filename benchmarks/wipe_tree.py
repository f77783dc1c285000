# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module for the benchmark: empties a directory of a mount as a share that is given back is emptied."""

from __future__ import annotations

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import (  # type: ignore[import-not-found]
    answers,
    cli,
)
from ansible_collections.glusterops.shares.plugins.module_utils._progress import (  # type: ignore[import-not-found]
    Progress,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares import (  # type: ignore[import-not-found]
    wipe,
)


def main() -> None:
    module = AnsibleModule(argument_spec={"path": {"required": True}, "volume": {"required": True}})
    volume = answers.volume(cli.GlusterCli(module.run_command), module.params["volume"])
    root = os.open(module.params["path"], os.O_RDONLY | os.O_DIRECTORY)
    wiped = wipe.wipe(root, Progress(), volume)
    module.exit_json(changed=True, files=wiped.files, wiped_in=wiped.seconds)


if __name__ == "__main__":
    main()
