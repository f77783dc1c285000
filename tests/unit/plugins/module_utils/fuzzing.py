# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests spoil answers with."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# Seconds in `make unit`; `make fuzz EXAMPLES=...` for longer.
more = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# Numbers that are none, or too large, or not in ASCII; and any text that XML can hold.
ODD = st.sampled_from(
    ["", " ", "-1", "1.5", "nan", "\u00b2", "\u0661", "9" * 5000, "N/A", "0x1", "1_0", "on:/"]
) | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=20
)


@st.composite
def spoilt(draw: st.DrawFn, text: str) -> str:
    """The text with some of it missing, something else in its place, or some of it twice."""
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + draw(st.sampled_from([0, 1, 10, 1000])))))
    between = draw(ODD | st.sampled_from([text[start:end] * 2, "\0", "<", "\n", "="]))
    return text[:start] + between + text[end:]
