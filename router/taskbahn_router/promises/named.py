"""What kinds of admission have in common that need no rows but the jobs that new ones name; these are read once, for all kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from taskbahn_router.core.rows import Applicant, Need, Rows, Touched
    from taskbahn_router.promises.engine import Promises


class GoesByNames:
    """Goes by `Decisions.stored` alone."""

    def __init__(self, promises: Promises) -> None:
        """Take nothing from what the dispatcher gives."""

    def read(self, jobs: Sequence[Applicant], touched: Touched) -> Generator[Need, Rows, None]:
        """Read nothing besides."""
        yield from ()
