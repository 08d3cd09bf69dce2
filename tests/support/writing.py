"""A process that commits without pause and says what was acknowledged; run as `python -m support.writing FOLDER SEED`.

Each commit has new jobs and, often, ends some of the last ones; how many comes from the seed, so that a test that reads the files can
tell whole commits from parts. A line of its output is the newest seq whose commit returned.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.rows import PARTITIONS, finish, new_job
from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import EventRow
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite import store as sqlite_store

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKPOINT_PAGES = 60  # so that many of the moments fall into a checkpoint or between log and file


def batches(seed: int) -> Iterator[CommitBatch]:
    """Every commit of that seed, in order."""
    chaos = random.Random(seed)
    last = 0
    while True:
        count = chaos.choice((1, 1, 2, 5, 40))
        new = [new_job(last + 1 + n, state=State.RUNNING, packed="x" * chaos.randrange(2000)) for n in range(count)]
        ended = [finish(seq) for seq in range(max(1, last - 3), last + 1)] if chaos.random() < 0.5 else []
        events = [EventRow(job.seq, 3, 0.0, "log", "1") for job in new]
        last += count
        yield CommitBatch(new=new, finishes=ended, events=events)


def main(folder: str, seed: str) -> None:
    sqlite_store.CHECKPOINT_PAGES = CHECKPOINT_PAGES
    store = SqliteStore(Path(folder))
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS))
    for batch in batches(int(seed)):
        store.commit(batch)
        sys.stdout.write(f"{batch.new[-1].seq}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
