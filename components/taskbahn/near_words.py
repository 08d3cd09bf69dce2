"""Which known word a mistyped one may mean."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_WORD = 200  # characters: to compare longer ones takes long
ALIKE = 0.6  # share of the characters that two words have in common, in their order


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like *word*, None if none is."""
    if len(word) > LONGEST_WORD:
        return None
    near = difflib.get_close_matches(word, list(map(str, known)), n=3, cutoff=ALIKE)
    return next((one for one in near if _have_like_ends(word, one)), None)


def _have_like_ends(word: str, known: str) -> bool:
    """Return whether dotted names are alike in what follows their common modules: `shop.mail` is not like `shop.list`."""
    mine, other = word.split("."), known.split(".")
    while len(mine) > 1 and len(other) > 1 and mine[0] == other[0]:
        mine, other = mine[1:], other[1:]
    return difflib.SequenceMatcher(None, ".".join(other), ".".join(mine)).ratio() >= ALIKE
