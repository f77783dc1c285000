# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m lab COMMAND`: real GlusterFS on one machine. See lab/README.md."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import sys
import typing as t

from lab import lifecycle, vm
from lab.image import SUITES
from lab.report import LabError
from lab.state import Lab


def main(argv: list[str]) -> int:
    at = argv.index("--") if "--" in argv else len(argv)
    arguments = parser().parse_args(argv[:at])
    signal.signal(signal.SIGTERM, _terminated)
    try:
        return _do(arguments, argv[at + 1 :])
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; the next command goes on from here", file=sys.stderr)
        return 130


def _do(arguments: argparse.Namespace, command: list[str]) -> int:
    name: str = getattr(arguments, "name", None) or ""
    if arguments.command == "up" and arguments.vm:
        given = [word for word in ("suite", "servers", "hosts", "no_heketi", "no_topology") if getattr(arguments, word)]
        if given:
            raise LabError(f"--vm is one server on {vm.SUITE}, and --{given[0].replace('_', '-')} is for containers")
        vm.up(name or "vm")
    elif arguments.command == "up":
        lifecycle.up(
            name or "demo",
            arguments.suite,
            arguments.servers,
            arguments.hosts,
            not arguments.no_heketi,
            not arguments.no_topology,
        )
    elif arguments.command == "reset":
        _existing(name)
        lifecycle.reset(name, arguments.servers, arguments.hosts, not arguments.no_heketi, not arguments.no_topology)
    elif arguments.command == "down":
        lifecycle.down(name)
    elif arguments.command == "clean":
        lifecycle.clean()
    elif arguments.command == "status":
        return 0 if lifecycle.status(name) else 1
    elif arguments.command == "inventory":
        print(_existing(name).path("inventory.yml"))
    else:
        lab = _existing(name)
        if arguments.host not in [node.name for node in lab.nodes()]:
            raise LabError(f"lab {name} has no node {arguments.host}: " + ", ".join(node.name for node in lab.nodes()))
        words = [shlex.join(command)] if len(command) > 1 else command
        os.makedirs(lab.sockets, mode=0o700, exist_ok=True)
        os.execvp("ssh", ["ssh", "-F", lab.path("ssh_config"), arguments.host, *words])
    return 0


def _existing(name: str) -> Lab:
    lab = Lab(name)
    if not lab.known:
        raise LabError(f"there is no lab named {name}: python -m lab up --name {name}")
    return lab


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m lab", description="Real GlusterFS on one machine.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="bring a lab up, from whatever state it is in")
    reset = commands.add_parser("reset", help="make a lab as new, with its network and keys")
    up.add_argument("--suite", choices=SUITES, help="Debian suite; it decides the GlusterFS version (bookworm: 10.3)")
    for one in (up, reset):
        one.add_argument("--servers", type=_between(1, 80), metavar="N", help="servers with glusterd (3)")
        one.add_argument("--hosts", type=_between(1, 80), metavar="N", help="hosts that mount; the last is nobody (3)")
        one.add_argument("--no-heketi", action="store_true", help="leave Heketi out")
        one.add_argument(
            "--no-topology", action="store_true", help="leave a new lab's servers alone: no pool, no bricks"
        )
    up.add_argument("--vm", action="store_true", help="one virtual machine with LVM thin pools instead, for snapshots")
    up.add_argument("--name", type=_name, help="the lab's name (demo; with --vm: vm)")
    down = commands.add_parser("down", help="remove a lab; images stay")
    commands.add_parser("clean", help="remove every lab of this checkout, and its images")
    status = commands.add_parser("status", help="show the nodes, and whether they answer")
    inventory = commands.add_parser("inventory", help="print the path of the Ansible inventory")
    shell = commands.add_parser("shell", help="ssh into a node: shell HOST [-- COMMAND…]")
    shell.add_argument("host")
    for one in (down, reset, inventory, shell):
        one.add_argument("--name", default="demo", type=_name, help="the lab's name (demo)")
    status.add_argument("--name", type=_name, help="the lab's name (all)")
    return top


def _between(least: int, most: int) -> t.Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not a number from {least} to {most}")
        return int(text)

    return number


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name for a lab: up to 24 of a-z, 0-9 and -")
    return text


def _terminated(_signal: int, _frame: object) -> t.NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
