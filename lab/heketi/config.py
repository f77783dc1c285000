# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration file: Heketi's own keys where it has them, the stand-in's under "standin"."""

from __future__ import annotations

import json
import os
import typing as t
from dataclasses import dataclass, field

GIB = 1024 * 1024  # KiB


class ConfigError(Exception):
    """The configuration cannot be used; Heketi exits then, and so do we."""


@dataclass
class Fault:
    """Something that goes wrong (or slowly) on a node: what Heketi's "inject" executors do."""

    command: str
    error: str | None = None
    output: str | None = None
    delay: float = 0.0
    times: int | None = None


@dataclass
class RequestFault:
    """Something that goes wrong between a client and Heketi: a proxy's answer, a lost or a cut one, a slow one."""

    method: str = ""
    path: str = ""
    times: int | None = None
    skip: int = 0
    status: int | None = None
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    drop: str | None = None
    truncate: int | None = None
    delay: float | None = None

    def __post_init__(self) -> None:
        done = [name for name in ("status", "drop", "truncate", "delay") if getattr(self, name) is not None]
        if len(done) != 1:
            raise ConfigError(f"A fault of a request does exactly one of status, drop, truncate and delay, not {done}")
        if self.drop not in (None, "before", "after"):
            raise ConfigError(f"drop {self.drop!r} is neither before nor after")


@dataclass
class Config:
    admin_key: str
    user_key: str
    port: int = 8080
    tls: bool = False
    cert_file: str = ""
    key_file: str = ""
    iat_leeway: int = 120
    default_state: str = "normal"

    executor: str = "mock"
    db: str = "heketi.db"
    loglevel: str = "info"
    ssh_keyfile: str = ""
    ssh_user: str = "root"
    ssh_port: int = 22

    max_inflight_operations: int = 8
    max_volumes_per_cluster: int = 1000
    brick_min: int = 1 * GIB
    brick_max: int = 4 * 1024 * GIB
    max_bricks: int = 32
    average_file_size: int = 64
    zone_checking: str = "none"
    pre_options: str = ""
    post_options: str = ""
    block_options: str = "group gluster-block"
    create_retries: int = 4

    monitor_start: float = 10
    monitor_every: float = 120
    cleaner_start: float = 60
    cleaner_every: float = 3600
    cleaner_disabled: bool = False

    operation_delay: float = 0.0
    device_sizes: dict[str, int] = field(default_factory=dict)
    foreign_volumes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    requests: list[RequestFault] = field(default_factory=list)
    threads: int = 16


def load(path: str) -> Config:
    """Read a configuration file; the environment variables Heketi knows win over it."""
    try:
        with open(path, encoding="utf-8") as stream:
            raw = json.load(stream)
    except (OSError, ValueError) as error:
        raise ConfigError(f"Unable to read the configuration {path}: {error}") from error
    try:
        return parse(raw, os.environ)
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"Wrong value in the configuration {path}: {error}") from error


def parse(raw: dict[str, t.Any], environ: t.Mapping[str, str]) -> Config:
    """Make a :class:`Config` of the parsed file."""
    jwt = raw.get("jwt") or {}
    gluster = raw.get("glusterfs") or {}
    ssh = gluster.get("sshexec") or {}
    extra = raw.get("standin") or {}
    config = Config(
        admin_key=environ.get("HEKETI_ADMIN_KEY") or (jwt.get("admin") or {}).get("key") or "",
        user_key=environ.get("HEKETI_USER_KEY") or (jwt.get("user") or {}).get("key") or "",
    )
    if not config.admin_key or not config.user_key:
        raise ConfigError("Missing JWT information in config file")
    config.tls = bool(raw.get("enable_tls"))
    config.cert_file, config.key_file = raw.get("cert_file") or "", raw.get("key_file") or ""
    if config.tls and not (config.cert_file and config.key_file):
        raise ConfigError("enable_tls needs cert_file and key_file")
    config.port = int(environ.get("HEKETI_HTTP_PORT") or raw.get("port") or config.port)
    config.iat_leeway = int(environ.get("HEKETI_JWT_IAT_LEEWAY_SECONDS") or config.iat_leeway)
    config.default_state = environ.get("HEKETI_DEFAULT_STATE") or raw.get("default_state") or config.default_state

    config.executor = gluster.get("executor") or config.executor
    if config.executor not in ("mock", "ssh"):
        raise ConfigError(f"Unknown executor {config.executor!r}: the stand-in has mock and ssh")
    config.ssh_keyfile = ssh.get("keyfile", config.ssh_keyfile)
    config.ssh_user = ssh.get("user", config.ssh_user)
    config.ssh_port = int(ssh.get("port", config.ssh_port))
    in_flight = environ.get("HEKETI_MAX_INFLIGHT_OPERATIONS") or gluster.get("max_inflight_operations")
    config.max_inflight_operations = int(in_flight or config.max_inflight_operations)
    for key in ("brick_min_size_gb", "brick_max_size_gb"):
        if gluster.get(key):
            setattr(config, key[: len("brick_min")], int(gluster[key]) * GIB)
    for key, name in (
        ("db", "db"),
        ("loglevel", "loglevel"),
        ("max_volumes_per_cluster", "max_volumes_per_cluster"),
        ("max_bricks_per_volume", "max_bricks"),
        ("average_file_size_kb", "average_file_size"),
        ("zone_checking", "zone_checking"),
        ("pre_request_volume_options", "pre_options"),
        ("post_request_volume_options", "post_options"),
        ("block_hosting_volume_options", "block_options"),
        ("start_time_monitor_gluster_nodes", "monitor_start"),
        ("refresh_time_monitor_gluster_nodes", "monitor_every"),
        ("start_time_background_cleaner", "cleaner_start"),
        ("refresh_time_background_cleaner", "cleaner_every"),
        ("disable_background_cleaner", "cleaner_disabled"),
    ):
        if gluster.get(key):
            setattr(config, name, gluster[key])
    config.create_retries = (gluster.get("operation_retry_limits") or {}).get("volume_create", config.create_retries)

    config.operation_delay = float(extra.get("operation_delay", 0))
    config.device_sizes = {name: _kib(size) for name, size in (extra.get("device_sizes") or {}).items()}
    config.foreign_volumes = list(extra.get("foreign_volumes") or [])
    config.faults = [Fault(**fault) for fault in extra.get("faults") or []]
    config.requests = [RequestFault(**fault) for fault in extra.get("requests") or []]
    config.threads = int(extra.get("threads", config.threads))
    return config


def _kib(size: int | str) -> int:
    """A device size: a number of KiB, or a text such as "20GiB", "500MiB" or "4096KiB"."""
    if isinstance(size, int):
        return size
    for unit, factor in (("KiB", 1), ("MiB", 1024), ("GiB", GIB), ("TiB", 1024 * GIB)):
        if size.endswith(unit) and size[: -len(unit)].strip().isdigit():
            return int(size[: -len(unit)]) * factor
    raise ConfigError(f"Device size {size!r} is neither a number of KiB nor a text such as 20GiB")
