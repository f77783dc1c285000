# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import gc
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError


class Change(t.NamedTuple):
    """One difference between what is and what shall be.

    O(subject) is the thing (a volume, an identity, a mount point), O(what) its property
    in the field's words, before and after plain values without secrets.
    """

    subject: str
    what: str
    before: t.Any = None
    after: t.Any = None


class Module(AnsibleModule):
    """An AnsibleModule with secrets and suboptions.

    Where an entry of a list of dictionaries is none, ansible-core fails before it knows what must not be shown, and
    would print all that the task was given.
    """

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        self.no_log_values.update(secrets(self.argument_spec, self.params))
        super().fail_json(msg, **kwargs)


def secrets(specs: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """The values that nobody may see."""
    for name, spec in specs.items():
        value = params.get(name)
        if spec.get("no_log") and value:
            yield str(value)
        elif "options" in spec:
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    yield from secrets(spec["options"], item)


def diff_of(changes: t.Iterable[Change]) -> dict[str, dict[str, dict[str, t.Any]]]:
    """Ansible's before/after of changes: subject, then property, then value."""
    before: dict[str, dict[str, t.Any]] = {}
    after: dict[str, dict[str, t.Any]] = {}
    for change in changes:
        before.setdefault(change.subject, {})[change.what] = change.before
        after.setdefault(change.subject, {})[change.what] = change.after
    return {"before": before, "after": after}


_ADMINISTRATION = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin")

Work = t.Callable[..., "tuple[list[Change], dict[str, t.Any]]"]


def with_administration(path: str) -> str:
    """A PATH with the folders where gluster, mount and their like are, which users without sudo's may not have."""
    folders = [folder for folder in path.split(":") if folder]
    missing = [folder for folder in _ADMINISTRATION if folder not in folders]
    return ":".join([*folders, *missing])


def outcome(module: t.Any, work: Work) -> dict[str, t.Any]:
    """The return values of a module: C(work) gets it, and returns its changes and its other return values, or raises.

    An error that comes after some changes were made carries them as its detail C(changes).
    """
    # Of thousands of volumes nothing is garbage before the module ends, and to look for some takes longer than to read
    # them.
    gc.set_threshold(100_000)
    os.environ["PATH"] = with_administration(os.environ.get("PATH", ""))
    try:
        changes, values = work(module)
    except GlusterOpsError as exc:
        changes = exc.details.pop("changes", [])
        values = dict(exc.details, msg=str(exc), error=exc.kind, failed=True)
    result = dict(values, changed=bool(changes), changes=[change._asdict() for change in changes])
    if module._diff:
        result["diff"] = diff_of(changes)
    return result


def run(module: AnsibleModule, work: Work) -> t.NoReturn:
    """The one way a module ends."""
    result = outcome(module, work)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
