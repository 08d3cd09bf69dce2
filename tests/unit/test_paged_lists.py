"""Arguments that a function only iterates over: lists for its callers, and long lists of results it reads itself, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from taskbahn.errors import InvalidArguments
from taskbahn.protocol import messages
from taskbahn.protocol.inputs import reference, whole_arguments
from taskbahn.signatures.paged_lists import PagedList, unpack_paged
from taskbahn.signatures.signature import TaskSignature

ID = "01890000-0000-7000-8000-000000000000"
PACKED = f'[[{reference(ID)},2],{{"k":[1]}}]'


@dataclass
class Day:
    on: date
    note: str = "none"


def many(values: Iterable[Day], n: int, k: Iterable[int] = ()) -> None: ...
def once(values: Iterator[int]) -> None: ...
def plain(values: list[int]) -> None: ...


def read(*texts: str) -> Any:
    return lambda _: iter(texts)


def test_it_is_a_list_for_those_who_call() -> None:
    signature = TaskSignature.of(many)
    assert signature.wire.parameters["properties"]["k"]["type"] == "array"
    assert signature.pack(([Day(date(2024, 1, 2))], 2), {"k": [1]}) == '[[[{"on":"2024-01-02","note":"none"}],2],{"k":[1]}]'
    with pytest.raises(InvalidArguments):
        signature.pack(([1], 2), {})
    assert (signature.is_paged, TaskSignature.of(plain).is_paged) == (True, False)


def test_what_is_referred_to_is_read_by_iterating() -> None:
    asked: list[str] = []

    def reads(id: str) -> Iterator[str]:
        asked.append(id)
        yield '{"on":"2024-01-02"}'
        yield '{"on":"2024-01-03","note":"b"}'

    (values, n), kwargs = unpack_paged(TaskSignature.of(many), PACKED, reads)
    assert (n, kwargs, asked) == (2, {"k": [1]}, [])
    assert isinstance(values, PagedList)
    assert list(values) == [Day(date(2024, 1, 2)), Day(date(2024, 1, 3), "b")]
    assert next(iter(values)) == Day(date(2024, 1, 2))
    assert asked == [ID, ID]


def test_an_iterator_is_one_however_the_results_come() -> None:
    signature = TaskSignature.of(once)
    for packed in (f"[[{reference(ID)}],{{}}]", "[[[1,2]],{}]", '[[],{"values":[1,2]}]', f'[[],{{"values":{reference(ID)}}}]'):
        args, kwargs = unpack_paged(signature, packed, read("1", "2"))
        (values,) = (*args, *kwargs.values())
        assert next(values) == 1
        assert list(values) == [2]


def test_an_item_of_another_type_is_named_when_it_is_read() -> None:
    (values,), _ = unpack_paged(TaskSignature.of(once), f"[[{reference(ID)}],{{}}]", read("1", '"x"'))
    assert next(values) == 1
    with pytest.raises(InvalidArguments, match=r"values: .* at \[1\]"):
        next(values)


def test_text_that_looks_like_a_reference_is_text() -> None:
    def texts(values: Iterable[str]) -> None: ...

    looks = reference(ID)
    (values,), _ = unpack_paged(TaskSignature.of(texts), messages.to_json([[[looks]], {}]), read())
    assert values == [looks]


def test_only_what_is_paged_keeps_its_reference() -> None:
    def answers(*, paged: set[int]) -> str:
        pages = whole_arguments("job", '[[{"$input":0},{"$input":1}],{}]', paged)
        results = {"job": [[0, reference("a" * 36)], [1, reference("b" * 36)]], "a" * 36: [[0, "1"]], "b" * 36: [[0, "2"]]}
        try:
            id, _ = next(pages)
            while True:
                id, _ = pages.send({"results": results[id], "next": None})
        except StopIteration as end:
            return str(end.value)

    assert answers(paged=set()) == "[[[1],[2]],{}]"
    assert answers(paged={0}) == f"[[{reference('a' * 36)},[2]],{{}}]"
