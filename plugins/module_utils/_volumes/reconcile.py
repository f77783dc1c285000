# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Makes volumes what they shall be."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    Refused,
    few,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._volumes import recipe as recipes
from ansible_collections.glusterops.shares.plugins.module_utils._volumes import reshaping
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.moving import Pool, Work, plan_of
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.recipe import Place

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
    from ansible_collections.glusterops.shares.plugins.module_utils._volumes.reshaping import Wanted


def reconcile(pool: Pool, wanted: t.Sequence[Wanted], check_mode: bool) -> tuple[list[Change], list[dict[str, t.Any]]]:
    """The changes, and what was observed afterwards of those that shall be there.

    One call where nothing has to change. All volumes are checked before the first is changed; what fails then is told
    at the end, and holds no other volume back.
    """
    for one in wanted:
        one.check()
    check_unique((one.name for one in wanted), "volume")
    return _Run(pool, wanted, check_mode).run()


class _Run:
    """One run over the volumes. done: what was changed so far."""

    def __init__(self, pool: Pool, wanted: t.Sequence[Wanted], check_mode: bool) -> None:
        self._pool, self._wanted, self._check_mode = pool, wanted, check_mode
        self._done: list[Change] = []

    def run(self) -> tuple[list[Change], list[dict[str, t.Any]]]:
        try:
            return self._run()
        except GlusterOpsError as exc:
            exc.details["changes"] = self._done
            raise

    def _run(self) -> tuple[list[Change], list[dict[str, t.Any]]]:
        cli = self._pool.cli
        volumes = answers.volumes(cli)
        planned = self._plan(volumes)
        if not planned:
            return [], self._described(volumes)
        known = recipes.look(cli)
        self._check_new(known)
        if self._check_mode:
            return [change for changes in planned.values() for change in changes], []
        failures: list[GlusterOpsError] = []
        self._pool.progress.expect(len(planned))
        for one in self._wanted:
            if one.name not in planned:
                continue
            try:
                with self._pool.progress.of(one.name, "done"):
                    Work(self._pool, one, known, self._done).do()
            except GlusterOpsError as exc:
                failures.append(exc)
        _raise(failures, len(self._wanted))
        volumes = answers.volumes(cli)
        undone = self._plan(volumes)
        if undone:
            raise Conflict(
                f"{', '.join(undone)}: what was done is not there afterwards. Somebody else changed it, or Gluster"
                f" keeps it otherwise: {few([_sentence(change) for changes in undone.values() for change in changes])}"
            )
        return self._done, self._described(volumes)

    def _plan(self, volumes: t.Mapping[str, Volume]) -> dict[str, list[Change]]:
        """By volume what has to be changed. Raises what is wrong with any of them."""
        found: dict[str, list[Change]] = {}
        failures: list[GlusterOpsError] = []
        for one in self._wanted:
            try:
                changes = _changes(self._pool.cli, one, volumes.get(one.name))
            except GlusterOpsError as exc:
                failures.append(exc)
            else:
                if changes:
                    found[one.name] = changes
        _raise(failures, len(self._wanted))
        return found

    def _check_new(self, known: recipes.Known) -> None:
        """Whether bricks that are to be given to a volume are some volume's, or are asked for twice."""
        given: dict[Place, str] = {}
        for one in self._wanted:
            present = known.volumes.get(one.name)
            has = recipes.places(present) if present else ()
            new = [brick for brick in one.recipe.bricks if brick not in has]
            recipes.check_servers(one.recipe, known)
            if not present and not one.absent:
                recipes.check_free(one.recipe, known)
            for brick in new:
                if brick in given:
                    raise BadInput(f"Brick {brick} is asked for by volumes {given[brick]!r} and {one.name!r}.")
                given[brick] = one.name
                recipes.check_brick(brick, known, f"Volume {one.name!r}")

    def _described(self, volumes: t.Mapping[str, Volume]) -> list[dict[str, t.Any]]:
        return [describe(volumes[one.name]) for one in self._wanted if not one.absent]


def _raise(failures: t.Sequence[GlusterOpsError], count: int) -> None:
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise Refused(
            f"{len(failures)} of {count} volumes are not as asked: {few([str(exc) for exc in failures])}",
            failures=[str(exc) for exc in failures],
        )


def _sentence(change: Change) -> str:
    return f"{change.subject}: {change.what} is {change.before} and shall be {change.after}."


def _changes(cli: GlusterCli, one: Wanted, volume: Volume | None) -> list[Change]:
    if volume is None:
        return [] if one.absent else reshaping.creation(one)
    return plan_of(cli, one, volume).changes


def describe(volume: Volume) -> dict[str, t.Any]:
    """A volume as the module returns it."""
    return {
        "name": volume.name,
        "id": volume.id,
        "started": volume.started,
        "replica": volume.replica,
        "arbiter": volume.arbiter,
        "disperse": volume.disperse,
        "redundancy": volume.redundancy,
        "bricks": [f"{brick.server}:{brick.path}" for brick in volume.bricks],
    }
