# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import identity, installing
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL
from tls_helpers import Ca, run_command

Result = t.Tuple[t.List[Change], t.Dict[str, t.Any]]
NAMES = ("glusterfs.key", "glusterfs.pem", "glusterfs.ca")


class Machine:
    """A machine whose Gluster reads one or more directories below a root of its own."""

    def __init__(self, root: t.Any, directories: int = 1) -> None:
        self.root = str(root)
        self.home = os.path.join(self.root, "home")
        self.directories = [os.path.join(self.root, f"ssl{number}") for number in range(directories)]
        for directory in self.directories:
            os.makedirs(directory)

    def ensure(self, common_name: str = "a", check: bool = False, **options: t.Any) -> Result:
        desired = identity.Desired(common_name, **options)
        return installing.ensure(desired, self.directories, OpenSSL(run_command), check, home=self.home)

    def request(self, common_name: str = "a", **options: t.Any) -> str:
        return self.ensure(common_name, **options)[1]["request"]["csr"]

    def certify(self, ca: Ca, common_name: str = "a", scope: str = "machine", **options: t.Any) -> Result:
        """All of it, as a role does it."""
        certificate, bundle = ca.sign(common_name, self.request(common_name, scope=scope), **options)
        return self.ensure(common_name, certificate=certificate, bundle=bundle, scope=scope)

    def seen(self, number: int = 0) -> dict[str, bytes]:
        """What Gluster reads."""
        found = {}
        for name in NAMES:
            path = os.path.join(self.directories[number], name)
            if os.path.exists(path):
                with open(path, "rb") as file:
                    found[name] = file.read()
        return found

    def put(self, seen: dict[str, bytes], number: int = 0) -> None:
        for name, data in seen.items():
            with open(os.path.join(self.directories[number], name), "wb") as file:
                file.write(data)
