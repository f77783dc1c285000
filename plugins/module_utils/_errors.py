# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import typing as t


class GlusterOpsError(Exception):
    """What a module says when it cannot do its work.

    The message is one sentence: what was wrong, with which value, what to do.
    Details (HTTP status, opErrno, stderr, ...) become return keys of the failed task.
    """

    kind = "error"

    def __init__(self, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.details = details


class BadInput(GlusterOpsError):
    """The caller's value is wrong; nothing was changed."""

    kind = "bad_input"


class NotFound(GlusterOpsError):
    """The thing asked for does not exist."""

    kind = "not_found"


class Conflict(GlusterOpsError):
    """What exists contradicts what is asked for."""

    kind = "conflict"


class Refused(GlusterOpsError):
    """It could be done, but would do harm without an explicit permission; or the other side refuses."""

    kind = "refused"


class Unreachable(GlusterOpsError):
    """The other side could not be asked."""

    kind = "unreachable"


class TimedOut(GlusterOpsError):
    """It did not end in the time allowed; it may still be going on."""

    kind = "timed_out"


class OutcomeUnknown(GlusterOpsError):
    """The request was sent, and reading again did not tell what became of it."""

    kind = "outcome_unknown"


def few(sentences: t.Sequence[str], most: int = 5) -> str:
    """The first of many sentences, and how many more there are."""
    rest = len(sentences) - most
    return " ".join(sentences[:most]) + (f" And {rest} more." if rest > 0 else "")


def raise_all(failures: t.Sequence[GlusterOpsError], what: str, changed: bool = False) -> None:
    """Raises the one failure, or one error for all of many shares, if there are any; C(what) became of these.

    changed: something was, before.
    """
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise Refused(
            f"{len(failures)} shares {what}, so nothing{' else' if changed else ''} was changed:"
            f" {few(list(map(str, failures)))}",
            failures=[str(exc) for exc in failures],
        )
