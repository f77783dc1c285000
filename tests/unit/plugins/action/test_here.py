# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that are run in the process that Ansible has for the task, and when they are not."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
from action_plugin import Asked, action
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.glusterops.shares.plugins import plugin_utils
from ansible_collections.glusterops.shares.plugins.action.gluster_tls_ca import ActionModule
from ansible_collections.glusterops.shares.plugins.plugin_utils.here import plain

SECRET = "correct horse battery staple"
HERE = {"ansible_python_interpreter": sys.executable}


class Ca:
    """The action with a task that makes a CA, and what Ansible would have sent away."""

    def __init__(self, tmp_path: pathlib.Path, module: str = "gluster_tls_ca", **arguments: t.Any) -> None:
        self.path = tmp_path / "ca"
        self.asked = Asked(rotation="elsewhere")
        given = {"path": str(self.path), "passphrase": SECRET, **arguments}
        self.action = action(ActionModule, **{key: value for key, value in given.items() if value is not None})
        self.action._task.action = f"glusterops.shares.{module}"
        self.action._execute_module = self.asked

    def run(self, **task_vars: t.Any) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", self.action.run(task_vars=task_vars))


@pytest.fixture
def ca(tmp_path: pathlib.Path) -> Ca:
    return Ca(tmp_path)


def test_here(ca: Ca) -> None:
    made = ca.run(**HERE)
    assert made["changed"] and made["authorities"] and ca.asked.calls == []
    assert made["invocation"]["module_args"]["ca_valid_days"] == 3650
    assert SECRET not in repr(made) and (ca.path / "issued.json").exists()
    again = ca.run(**HERE)
    assert not again["changed"] and again["authorities"] == made["authorities"] and "diff" not in again


def test_a_dry_run_with_a_diff(ca: Ca) -> None:
    ca.action._task.check_mode, ca.action._task.diff = True, True
    dry = ca.run(**HERE)
    assert dry["changed"] and dry["diff"]["after"] and not ca.path.exists()


def test_an_error_is_the_modules(tmp_path: pathlib.Path) -> None:
    Ca(tmp_path).run(**HERE)
    wrong = Ca(tmp_path, passphrase="another one altogether").run(**HERE)
    assert wrong["failed"] and wrong["error"] and not wrong["changed"] and "another one" not in repr(wrong)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"passphrase": None}, "missing required arguments: passphrase"),
        ({"key_type": "dsa"}, "value of key_type must be one of"),
        ({"valid_days": SECRET}, "valid_days"),
        ({"no_such": 1}, "Unsupported parameters for (glusterops.shares.gluster_tls_ca) module: no_such"),
    ],
)
def test_bad_arguments(tmp_path: pathlib.Path, arguments: dict[str, t.Any], message: str) -> None:
    ca = Ca(tmp_path, **arguments)
    refused = ca.run(**HERE)
    assert refused["failed"] and message in refused["msg"] and not ca.path.exists() and ca.asked.calls == []
    assert SECRET not in repr(refused)


def test_with_an_entry_that_is_none(tmp_path: pathlib.Path) -> None:
    """What ansible-core fails on before it knows what must not be shown."""
    tenants = [{"tenant": "a", "format": "pkcs12", "passphrase": "of the tenant"}, None]
    ca = Ca(tmp_path, "gluster_tls_tenants", directory=str(tmp_path / "out"), tenants=tenants)
    refused = ca.run(**HERE)
    assert refused["failed"] and "of the tenant" not in repr(refused) and SECRET not in repr(refused)


@pytest.mark.parametrize(
    "task_vars",
    [
        {},
        {"ansible_python_interpreter": None},
        {"ansible_python_interpreter": "/opt/other/bin/python3"},
        {"ansible_python_interpreter": "auto"},
    ],
)
def test_another_python(ca: Ca, task_vars: dict[str, t.Any]) -> None:
    assert ca.run(**task_vars)["rotation"] == "elsewhere" and len(ca.asked.calls) == 1 and not ca.path.exists()


def test_another_user(ca: Ca) -> None:
    ca.action._play_context.become = True
    assert ca.run(**HERE)["rotation"] == "elsewhere"


def test_with_a_time_limit(ca: Ca) -> None:
    """Which could not end what other threads do here."""
    ca.action._task.timeout = 3
    assert ca.run(**HERE)["rotation"] == "elsewhere"


def test_a_relative_path_is_the_playbooks(tmp_path: pathlib.Path) -> None:
    ca = Ca(tmp_path, path="ca")
    ca.action._loader.set_basedir(str(tmp_path))
    before = os.getcwd()
    assert ca.run(**HERE)["changed"] and (tmp_path / "ca" / "issued.json").exists() and os.getcwd() == before


def test_in_the_background(ca: Ca) -> None:
    ca.action._task.async_val = 60
    assert ca.run(**HERE)["rotation"] == "elsewhere"


def test_another_environment(ca: Ca) -> None:
    ca.action._task.environment = [{}, {"https_proxy": "http://proxy.example.com"}]
    assert ca.run(**HERE)["rotation"] == "elsewhere"


def test_another_machine(ca: Ca) -> None:
    ca.action._task.delegate_to = "manager"
    ca.action._connection.transport = "ssh"
    assert ca.run(ansible_delegated_vars={"manager": HERE})["rotation"] == "elsewhere"


def test_the_python_of_whom_it_is_delegated_to(ca: Ca) -> None:
    ca.action._task.delegate_to = "localhost"
    assert ca.run(ansible_delegated_vars={"localhost": {}}, **HERE)["rotation"] == "elsewhere"
    assert ca.run(ansible_delegated_vars={"localhost": HERE})["rotation"] is None


def test_what_runs_programs(ca: Ca) -> None:
    ca.action._task.action = "glusterops.shares.gluster_shares"
    assert ca.run(**HERE)["rotation"] == "elsewhere"


def test_plain() -> None:
    given = DataLoader().load("a: [1, 2.5, true, null, text]\nb: {1: c}")
    found = plain(given)
    assert found == {"a": [1, 2.5, True, None, "text"], "b": {"1": "c"}}
    assert [type(one) for one in (found, *found["a"])] == [dict, int, float, bool, type(None), str]


def test_a_passphrase_from_the_vault(tmp_path: pathlib.Path) -> None:
    """As Ansible gives it to the action, which differs between its versions."""
    hidden = VaultLib([("default", VaultSecret(b"of the vault"))]).encrypt(SECRET).decode()
    inside = "".join(f"    {line}\n" for line in hidden.splitlines())
    (tmp_path / "vars.yml").write_text(f"hidden: !vault |\n{inside}path: {tmp_path}/ca\n")
    (tmp_path / "vault").write_text("of the vault")
    words = ["adhoc", "localhost", "-m", "glusterops.shares.gluster_tls_ca"]
    words += ["-a", json.dumps({"path": "{{ path }}", "passphrase": "{{ hidden }}"}), "-vvv"]
    words += ["-e", f"@{tmp_path}/vars.yml", "--vault-password-file", str(tmp_path / "vault")]
    root = pathlib.Path(plugin_utils.__path__[0]).parents[4]
    ours = {"ANSIBLE_COLLECTIONS_PATH": str(root), "ANSIBLE_HOME": str(tmp_path / "home"), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-m", "ansible", *words],
        env={**os.environ, **ours},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "CHANGED" in done.stdout, done
    assert SECRET not in done.stdout + done.stderr and "EXEC" not in done.stdout
    assert not Ca(tmp_path).run(**HERE)["changed"]
