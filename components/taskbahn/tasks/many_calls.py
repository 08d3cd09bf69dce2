"""The items of `start_many`: their arguments, the bulks in which they travel, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from taskbahn.errors import from_info
from taskbahn.protocol.error_words import say_also
from taskbahn.protocol.message_pages import text_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.future import Future
    from taskbahn.jobs.batch import Batch

R = TypeVar("R")

BULK_JOBS = 1000  # jobs in one `calls.Bulk`
BULK_BYTES = 1024 * 1024


def arguments_of(item: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of one item."""
    if not isinstance(item, tuple):
        return (item,), {}
    if len(item) == 2 and isinstance(item[1], dict) and isinstance(item[0], list | tuple):  # noqa: PLR2004 - args, kwargs
        return tuple(item[0]), item[1]
    return item, {}


def bulks(texts: list[str]) -> Iterator[tuple[int, int]]:
    """Cut into pieces of at most BULK_JOBS jobs and about BULK_BYTES."""
    start = size = 0
    for index, text in enumerate(texts):
        its = text_bytes(text)
        size += its
        if index - start >= BULK_JOBS or (size > BULK_BYTES and index > start):
            yield start, index
            start, size = index, its
    if texts:
        yield start, len(texts)


def accept(batch: Batch[Any], sent: tuple[list[str], Future[Any]]) -> None:
    """Add to a batch the jobs of a bulk that are accepted, and note the others."""
    ids, future = sent
    answer = future.get()
    errors = answer["errors"]
    joined = {ids[int(index)]: means for index, means in answer.get("joined", {}).items()}
    if errors:
        if not batch.refused:
            batch.first_refused = len(batch) + min(map(int, errors))
        batch.refused += [errors[index] for index in sorted(errors, key=int)]
        ids = [id for index, id in enumerate(ids) if str(index) not in errors]
    batch.add(ids, joined)


def complete(batch: Batch[R]) -> Batch[R]:
    """Return a batch all of whose jobs are accepted; raises the first error of others, which has the batch."""
    if batch.refused:
        error = from_info(batch.refused[0])
        error.detail["accepted"] = len(batch)
        first = f"in call number {batch.first_refused} (from 0); " if batch.first_refused is not None else ""
        say_also(error, f"{first}{len(batch.refused):,} jobs were refused, {len(batch):,} accepted")
        error.batch = batch  # type: ignore[attr-defined]
        raise error
    return batch
