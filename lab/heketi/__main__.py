# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python3 -m heketi --config FILE"""

from __future__ import annotations

import argparse
import signal
import socket
import sys

from waitress.channel import HTTPChannel
from waitress.server import create_server

from .app import create_app
from .chance import Chance
from .cleanup import clean_in_background
from .config import Config, ConfigError, load
from .executor import Executor, SshExecutor
from .faults import RequestFaults
from .mock import MockExecutor
from .operations import Heketi, repeat
from .state import Store
from .tls import Parser, TlsFront


def build(config: Config, chance: Chance | None = None) -> Heketi:
    """Everything behind the REST API, from a configuration."""
    chance = chance or Chance()
    store = Store(config.db, lambda: chance.new_id("generation"))
    executor: Executor = SshExecutor(config) if config.executor == "ssh" else MockExecutor(config)
    return Heketi(config, store, executor, chance)


def start_background(heketi: Heketi) -> None:
    """Heketi's two timers: who is up, and what is to be cleared away."""
    config = heketi.config
    if config.executor != "mock":
        repeat(config.monitor_start, config.monitor_every, heketi.check_nodes)
    if not config.cleaner_disabled:
        repeat(config.cleaner_start, config.cleaner_every, lambda: clean_in_background(heketi))


def main() -> int:
    parser = argparse.ArgumentParser(prog="heketi", description="A stand-in for the Heketi server, for the lab.")
    parser.add_argument("--config", required=True, metavar="FILE", help="configuration, in Heketi's format (JSON)")
    arguments = parser.parse_args()
    try:
        config = load(arguments.config)
    except ConfigError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 1
    heketi = build(config)
    start_background(heketi)

    def leave_maintenance(_number: int, _frame: object) -> None:
        heketi.admin_state = "normal"

    signal.signal(signal.SIGUSR2, leave_maintenance)  # the only way out of read-only, as in Heketi
    try:
        listener = socket.create_server(("127.0.0.1", 0) if config.tls else ("0.0.0.0", config.port))
        if config.tls:
            TlsFront(config.port, config.cert_file, config.key_file, listener.getsockname()).start()
    except OSError as error:  # what ssl raises is one, too
        sys.stderr.write(f"ERROR: {error}\n")
        return 1
    HTTPChannel.parser_class = Parser
    application = RequestFaults(create_app(heketi), config.requests)
    sys.stderr.write(f"Listening on port {config.port}, executor {config.executor}\n")
    create_server(application, sockets=[listener], threads=config.threads, ident=None).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
