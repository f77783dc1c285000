# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import os
import time
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding
from chaos.intruders import NEVER
from chaos.run import TOLD, chaos
from chaos.schedule import HOSTS, Schedule, Share
from chaos.witness import Violation, Witness
from harness import SERVERS, Lab

MINUTES = 3.0


def test_a_seed_decides_all() -> None:
    def of(seed: int) -> list[object]:
        return list(itertools.islice(Schedule(seed), 50))

    assert of(1) == of(1) != of(2)


def test_chaos(as_new: t.Callable[..., Lab]) -> None:
    """By the same seed each time, unless SEED is set: what has failed is seen again. "make chaos" takes others."""
    seed = int(os.environ.get("SEED", "2"))
    lab = as_new()
    report = chaos(lab, seed, MINUTES)
    TOLD.append(report.text)
    assert report.well, report.text
    the_witness_sees_it_all(lab, report.shares)


def the_witness_sees_it_all(lab: Lab, shares: tuple[Share, ...]) -> None:
    """What must never be, done by hand to what chaos left."""
    witness = Witness(lab)
    witness.begins(shares, "")
    witness.has_done("site", shares, "", "server1")
    witness.all_is_so(shares)
    data_are_lost(lab, witness, shares[0])
    somebody_is_in_or_out(lab, witness, shares)
    # A share that was removed has nobody any more, so this comes last.
    lies = {"renew": "was to get a new key", "rotate_ca": "is the old one", "remove_share": "was removed, and is there"}
    for playbook, sentence in lies.items():
        with pytest.raises(Violation, match=sentence):
            witness.has_done(playbook, shares, shares[0].name if playbook == "remove_share" else "", "server1")


def data_are_lost(lab: Lab, witness: Witness, share: Share) -> None:
    stop = witness.write("lost", [share])
    time.sleep(3)
    stop()
    witness.data_are_there([share])
    spoilt, gone = list(witness.sums[share.name])[:2]
    host = next(HOSTS[tenant] for tenant in share.identities if tenant in HOSTS)
    lab.run(host, f"cd {share.path} && echo spoilt >> {spoilt} && rm {gone}")
    with pytest.raises(Violation, match="has lost") as told:
        witness.data_are_there([share])
    assert spoilt in str(told.value) and gone in str(told.value)


def somebody_is_in_or_out(lab: Lab, witness: Witness, shares: tuple[Share, ...]) -> None:
    volume = next(name for name, found in lab.volumes().items() if holding.share_of(found) == shares[0].name)
    for listed, sentence in (([*shares[0].identities, NEVER], f"{NEVER} is in"), ([], "is not in share")):
        lab.gluster(f"volume set {volume} auth.ssl-allow {','.join([*SERVERS, *listed])}")
        with pytest.raises(Violation, match=sentence):
            witness.nobody_else_is_in("server1", quiet=True)
        with pytest.raises(Violation, match="is declared for"):
            witness.has_done("site", shares, "", "server1")
