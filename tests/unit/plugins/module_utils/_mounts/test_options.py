# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import options
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.source import (
    Source,
    read_source,
    server_name,
    volume_of,
)


@pytest.mark.parametrize(
    "option",
    [
        "ro",
        "_netdev",
        "x-systemd.requires=srv-with\\x2dminus.mount",
        "x-systemd.automount",
        "X-mount.mkdir",
        "comment=a=b=c",
        "xlator-option=*-client-*.transport.socket.ssl-cipher-list=HIGH:!aNULL:!MD5",
        "backup-volfile-servers=[fd00::1]:server2",
        "volfile-server=fe80::1%eth0",
        "log-file=/var/log/a.log",
    ],
)
def test_what_fstab_and_the_helpers_take(option: str) -> None:
    options.check_option(option, "share")


@pytest.mark.parametrize(
    "option", ["", "=a", "a b", "a=b c", "ro,exec", 'a="b"', "a=b\\040c", "a=b\nc", "-a", "acl=", "x-a=\\x2", "a=ä"]
)
def test_what_they_would_read_otherwise(option: str) -> None:
    with pytest.raises(BadInput, match="share: mount option .* is not of the form name or name=value, without blanks"):
        options.check_option(option, "share")


PLAIN = {"rw", "relatime"}


@pytest.mark.parametrize(
    "given, words, flags",
    [
        ([], [], PLAIN),
        # How it gets there is no difference.
        (
            ["x-systemd.automount", "noauto", "transport=tcp", "fetch-attempts=3", "server-port=24007", "sync"],
            ["--process-name", "fuse", "--volfile-server=a", "--volfile-id=/v", "--volfile-max-fetch-attempts=3"],
            PLAIN,
        ),
        (["identity=a"], ["--xlator-option=*-client-*.transport.socket.ssl-own-cert=/a"], PLAIN),
        (["ro"], ["--read-only"], {"ro", "relatime"}),
        (["ro", "rw"], [], PLAIN),
        (["nosuid", "noexec", "noatime"], ["--fuse-mountopts=nosuid,noexec,noatime"], {"nosuid", "noexec", "noatime"}),
        (["noatime", "strictatime"], [], {"rw"}),
        (["noatime", "relatime", "nodev", "dev"], [], PLAIN),
        (["owner"], [], {*PLAIN, "nosuid", "nodev"}),
        (["log-level=warning"], ["--log-level=WARNING"], PLAIN),
        (["log-level=DEBUG", "log-level=ERROR"], ["--log-level=ERROR"], PLAIN),
        (["acl", "lru-limit=5"], ["--acl", "--lru-limit=5"], PLAIN),
        (["root-squash=no"], ["--no-root-squash"], PLAIN),
        (["no-root-squash=yes"], ["--no-root-squash"], PLAIN),
        (["subdir-mount=a"], ["--subdir-mount=/a"], PLAIN),
        (["acl", "halo-min-replicas=2"], ["--xlator-option", "*replicate*.halo-min-replicas=2", "--acl"], PLAIN),
        (["xlator-option=*.a=b", "xlator-option=*.c=d"], ["--xlator-option=*.a=b", "--xlator-option=*.c=d"], PLAIN),
        (
            ["xlator-option=*-client-*.transport.socket.ssl-cipher-list=HIGH:!MD5"],
            [
                "--xlator-option=*-client-*.transport.socket.ssl-own-cert=/a",
                "--xlator-option=*-client-*.transport.socket.ssl-cipher-list=HIGH:!MD5",
            ],
            PLAIN,
        ),
        (["fopen-keep-cache"], ["--fopen-keep-cache=true"], PLAIN),
        (["fopen-keep-cache=on"], ["--fopen-keep-cache==on"], PLAIN),
    ],
)
def test_what_was_asked_for_is_what_is_there(given: list[str], words: list[str], flags: set[str]) -> None:
    assert options.traits(given) == options.traits_of(words, flags)


@pytest.mark.parametrize(
    "given, words, flags",
    [
        ([], ["--read-only"], {"ro", "relatime"}),
        (["ro"], ["--read-only"], PLAIN),
        (["acl"], [], PLAIN),
        ([], ["--acl"], PLAIN),
        (["log-level=INFO"], ["--log-level=DEBUG"], PLAIN),
        (["strictatime"], [], PLAIN),
        ([], ["--subdir-mount=/a"], PLAIN),
        (["xlator-option=*.a=b", "xlator-option=*.c=d"], ["--xlator-option=*.c=d"], PLAIN),
        (["xlator-option=a=b"], ["--xlator-option=a=c"], PLAIN),
    ],
)
def test_what_was_asked_for_is_not_what_is_there(given: list[str], words: list[str], flags: set[str]) -> None:
    assert options.traits(given) != options.traits_of(words, flags)


def test_what_the_kernel_can_change_under_users() -> None:
    assert options.only_flags(["ro"], ["noexec"]) and options.only_flags(["acl", "ro"], ["acl"])
    assert not options.only_flags(["ro"], ["acl"])
    assert options.flags_of(["ro", "nosuid", "acl"]) == 1 | 2 | 1 << 21
    assert options.flags_of(["noatime"]) == 1024 and options.flags_of([]) == 1 << 21


@pytest.mark.parametrize(
    "text, source",
    [
        ("server1:/v", Source(("server1",), "v")),
        ("SERVER1.example.:v", Source(("server1.example",), "v")),
        ("a,B:/v", Source(("a", "b"), "v")),
        ("fd00::1:/v", Source(("fd00::1",), "v")),
        ("[FD00::1]:/v/", Source(("fd00::1",), "v")),
        ("a:/v.tcp", Source(("a",), "v")),
        ("a:/v/below/this", Source(("a",), "v", "below/this")),
        ("a:/snaps/of.monday/v", Source(("a",), "snaps/of.monday/v")),
    ],
)
def test_one_thing_in_all_its_spellings(text: str, source: Source) -> None:
    assert read_source(text) == source


def test_names() -> None:
    assert server_name("[FD00::1]") == "fd00::1" and server_name("A.b.") == "a.b"
    assert volume_of("/v.tcp") == volume_of("v") == "v"
