# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What has to be done to a volume so that it is as asked. Pure: it is decided on what was seen."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_volume_name, read_options
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding
from ansible_collections.glusterops.shares.plugins.module_utils._shares.options import check_given
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.recipe import (
    LOOKUP,
    Place,
    Recipe,
    places,
    read_place,
    shape,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume

# What has begun and is not proven to have ended: HEALING or SPREADING, and the volume's name, as clones inherit it.
UNFINISHED = "user.glusterops-unfinished"
HEALING, SPREADING = "heal", "rebalance"
DONE = {UNFINISHED: "-"}

# The properties of a volume, as changes name them.
VOLUME, BRICKS, STARTED = "volume", "bricks", "started"

Bricks = t.Tuple[Place, ...]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A volume as asked. started: None leaves that as it is. absent: of the recipe only the name counts."""

    recipe: Recipe
    started: bool | None = None
    absent: bool = False

    @property
    def name(self) -> str:
        return self.recipe.name

    @property
    def options(self) -> dict[str, str]:
        return {**self.recipe.options, **LOOKUP}

    def check(self) -> None:
        """BadInput if no volume can be like that."""
        if self.absent:
            check_volume_name(self.name)
            return
        self.recipe.check()
        for option, value in LOOKUP.items():
            if self.recipe.options.get(option, value) != value:
                raise BadInput(
                    f"Volume {self.name!r} may not have {option}={self.recipe.options[option]}: while files are moved"
                    f" with it, others vanish for clients. Leave it out; it is set to {value}."
                )
        if UNFINISHED in self.recipe.options:
            raise BadInput(f"Volume {self.name!r}: {UNFINISHED} is what this module itself notes there.")


def read_wanted(given: t.Mapping[str, t.Any]) -> Wanted:
    """From a module's parameters. Raises BadInput."""
    name = given["name"]
    recipe = Recipe(
        name,
        tuple(read_place(brick, f"Volume {name!r}") for brick in given.get("bricks") or ()),
        replica=max(given.get("replica") or 1, 1),
        arbiter=given.get("arbiter") or 0,
        disperse=given.get("disperse") or 0,
        redundancy=given.get("redundancy") or 0,
        options=read_options(given.get("options") or {}, f"Volume {name!r}: options"),
    )
    wanted = Wanted(recipe, given.get("started"), given.get("state") == "absent")
    wanted.check()
    return wanted


def unfinished(volume: Volume) -> str | None:
    """HEALING or SPREADING, if a run that did that was interrupted."""
    what, _at, name = volume.options.get(UNFINISHED, "").partition("@")
    return what if name == volume.name and what in (HEALING, SPREADING) else None


def mark(what: str, volume: str) -> dict[str, str]:
    """The option that says that C(what) goes on."""
    return {UNFINISHED: f"{what}@{volume}"}


class Replacing(t.NamedTuple):
    old: Place
    new: Place


@dataclasses.dataclass(frozen=True)
class Reshaping:
    """What there is to do to a volume that exists, in this order.

    options: to be set. start: whether to start it. leaving: bricks whose removal somebody began, and that shall go.
    unfinished: what an interrupted run left. added: bricks of new sets. replaced: one after the other. removed: bricks
    of whole sets. stop: whether to stop it. delete: nothing else, then.
    """

    volume: Volume
    options: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    start: bool = False
    leaving: Bricks = ()
    unfinished: str | None = None
    added: Bricks = ()
    replaced: tuple[Replacing, ...] = ()
    removed: Bricks = ()
    stop: bool = False
    delete: bool = False

    @property
    def moves(self) -> bool:
        """Whether anything is done to its bricks."""
        return bool(self.leaving or self.added or self.unfinished or self.replaced or self.removed)

    @property
    def changes(self) -> list[Change]:
        name, its = self.volume.name, self.volume.options
        if self.delete:
            return [Change(name, VOLUME, [str(brick) for brick in places(self.volume)], None)]
        found = [Change(name, option, its.get(option), value) for option, value in sorted(self.options.items())]
        found += [Change(name, STARTED, False, True)] if self.start else []
        found += [removing(name, self.leaving)] if self.leaving else []
        if self.unfinished and not (self.added and self.unfinished == SPREADING):
            found.append(Change(name, self.unfinished, "unfinished", "done"))
        found += [Change(name, BRICKS, None, [str(brick) for brick in self.added])] if self.added else []
        found += [replacing(name, one) for one in self.replaced]
        found += [removing(name, self.removed)] if self.removed else []
        found += [Change(name, STARTED, True, False)] if self.stop else []
        return found

    def __bool__(self) -> bool:
        return bool(self.options or self.start or self.moves or self.stop or self.delete)


def removing(name: str, bricks: Bricks) -> Change:
    return Change(name, BRICKS, [str(brick) for brick in bricks], None)


def replacing(name: str, one: Replacing) -> Change:
    return Change(name, BRICKS, [str(one.old)], [str(one.new)])


def creation(wanted: Wanted) -> list[Change]:
    """The changes where there is no such volume."""
    made = [Change(wanted.name, VOLUME, None, [str(brick) for brick in wanted.recipe.bricks])]
    return [*made, *([Change(wanted.name, STARTED, False, True)] if wanted.started else [])]


def plan(wanted: Wanted, volume: Volume, leaving: Bricks = ()) -> Reshaping:
    """What there is to do to the volume. leaving: bricks of which a removal goes on, or waits for its commit.

    Raises what is refused: another kind of durability, bricks that change their set, what is a share's.
    """
    if wanted.absent:
        _check_deletion(volume)
        return Reshaping(volume, delete=True)
    recipe = wanted.recipe
    its = f"Volume {wanted.name!r}"
    if holding.mark_of(volume):
        check_given(recipe.options, f"{its} holds a share, and its options")
    lacking = {option: value for option, value in wanted.options.items() if volume.options.get(option) != value}
    if shape(volume) != (recipe.replica, recipe.arbiter, recipe.disperse, recipe.redundancy):
        raise Conflict(
            f"{its} is {_told(shape(volume))}, and shall be {_told(_shape_of(recipe))}: a volume keeps its durability."
            " Make another one and copy."
        )
    added, replaced, removed = _compare(recipe, volume)
    others = [str(brick) for brick in leaving if brick not in removed]
    if others and (added or replaced or removed):
        raise Conflict(
            f"{its}: somebody began to remove {', '.join(others)}, which shall stay. Stop that with 'gluster volume"
            f" remove-brick {wanted.name} {' '.join(map(str, leaving))} stop'."
        )
    todo = Reshaping(
        volume,
        options=lacking,
        start=bool(wanted.started) and not volume.started,
        leaving=() if others else leaving,
        unfinished=unfinished(volume),
        added=added,
        replaced=replaced,
        removed=tuple(brick for brick in removed if brick not in leaving),
        stop=wanted.started is False and volume.started,
    )
    if todo.moves and not (volume.started or wanted.started):
        raise Refused(f"{its} is not started, so nothing can be moved between its bricks: allow that (started: true).")
    if (todo.start or todo.stop) and holding.mark_of(volume):
        raise Refused(f"{its} holds a share: it is started by gluster_shares, once it is sealed, and not stopped.")
    return todo


def _shape_of(recipe: Recipe) -> tuple[int, int, int, int]:
    return recipe.replica, recipe.arbiter, recipe.disperse, recipe.redundancy


def _told(numbers: tuple[int, int, int, int]) -> str:
    replica, arbiter, disperse, redundancy = numbers
    if disperse:
        return f"disperse {disperse} with redundancy {redundancy}"
    return "without copies" if replica < 2 else f"replica {replica}{' with an arbiter' if arbiter else ''}"


def _check_deletion(volume: Volume) -> None:
    mine = holding.mark_of(volume)
    if mine:
        raise Refused(
            f"Volume {volume.name!r} holds share {mine.share!r}: remove the share first, with the playbook"
            " remove_share."
        )
    if volume.snapshots:
        raise Refused(f"Volume {volume.name!r} has {volume.snapshots} snapshots: delete them first.")


def _compare(recipe: Recipe, volume: Volume) -> tuple[Bricks, tuple[Replacing, ...], Bricks]:
    """Bricks to be added, replaced, removed. A set of which any brick stays is the same set."""
    present = recipe._replace(bricks=places(volume)).sets
    of = {brick: number for number, bricks in enumerate(present) for brick in bricks}
    added: list[Place] = []
    replaced: list[Replacing] = []
    kept: set[int] = set()
    for bricks in recipe.sets:
        before = {of[brick] for brick in bricks if brick in of}
        if not before:
            added += bricks
            continue
        number = min(before)
        if len(before) > 1 or number in kept:
            raise Conflict(
                f"Volume {recipe.name!r}: {', '.join(map(str, bricks))} shall be one set, and a brick stays in the set"
                " that it is in."
            )
        kept.add(number)
        replaced += _compare_set(recipe, present[number], bricks)
    removed = [brick for number, bricks in enumerate(present) if number not in kept for brick in bricks]
    return tuple(added), tuple(replaced), tuple(removed)


def _compare_set(recipe: Recipe, present: Bricks, wanted: Bricks) -> list[Replacing]:
    if recipe.arbiter and (present[-1] in wanted[:-1] or wanted[-1] in present[:-1]):
        raise Conflict(
            f"Volume {recipe.name!r}: the last brick of a set is its arbiter, which holds no files, and stays that:"
            f" {', '.join(map(str, present))} cannot become {', '.join(map(str, wanted))}."
        )
    old = [brick for brick in present if brick not in wanted]
    new = [brick for brick in wanted if brick not in present]
    return [Replacing(*pair) for pair in zip(old, new)]
