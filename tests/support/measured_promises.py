"""Promises that note how much work a commit was, and work out what must become of its submissions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.admission_model import decided
from taskbahn.errors import StoreUnavailable
from taskbahn_router.core.rows import costs_of
from taskbahn_router.promises.engine import Promises

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from support.admission_model import World
    from support.promise_tables import PromiseTables
    from taskbahn_router.core.rows import Admitted, Applicant, Costs, Need, Rows, Ruling, Touched


@dataclass(slots=True)
class MeasuredPromises(Promises):
    """Notes how much work a commit was; *fails* when all was decided."""

    units: int = 0
    fails: bool = False
    declared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # the limits as they must be
    look: Callable[[], PromiseTables] | None = None
    expected: World | None = None  # what must become of the submissions

    def admit(self, submissions: Sequence[Sequence[Applicant]], touched: Touched) -> Generator[Need, Rows, Admitted]:
        assert self.look is not None
        hung = self.hung

        def costs(partition: int, keys: str | None) -> Costs:
            return hung.get(partition, ()) + (costs_of(keys) if keys else ())

        self.expected = decided(self.look(), touched, submissions, self.declared, costs, self.now)
        return (yield from Promises.admit(self, submissions, touched))

    def run(self, touched: Touched) -> Generator[Need, Rows, Ruling]:
        ruling = yield from Promises.run(self, touched)
        if self.fails:
            raise StoreUnavailable("the disk is full")
        self.units = ruling.units
        return ruling
