"""Names of tasks and ids of jobs, at both ends."""

import threading
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.errors import InvalidName, InvalidRequest
from taskbahn.protocol import ids, messages
from taskbahn_router.core.ids import id_text
from taskbahn_router.model.state import id_bytes
from taskbahn_router.submission.submission import check_name, new_id

GOOD = "0192f0c1-2d3e-7abc-8def-0123456789ab"


@pytest.mark.parametrize("name", ["a", "images.thumbnail", "a.b.c_d.9", "taskbahnx.a", "wamper", "a" * messages.MAX_TASK_NAME])
def test_dotted_lower_case_words_name_a_task(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "A.b",
        "a b",
        "a-b",
        "ä",
        "a\n",
        "taskbahn",
        "taskbahn.job",
        "wamp.x",
        "crossbar.y",
        "a" * 201,
        "a.b\x00",
    ],
)
def test_what_is_no_uri_or_belongs_to_others_names_no_task(name: str) -> None:
    with pytest.raises(InvalidName, match="cannot name a task: use dotted words"):
        check_name(name)


def test_an_id_is_the_same_in_bytes_and_text() -> None:
    assert id_text(id_bytes(GOOD)) == GOOD


@given(st.uuids())
def test_every_uuid_is_an_id(value: uuid.UUID) -> None:
    assert id_bytes(str(value)) == value.bytes
    assert id_text(value.bytes) == str(value)


def test_an_id_in_capitals_is_the_same_id() -> None:
    assert id_bytes(GOOD.upper()) == id_bytes(GOOD)


@pytest.mark.parametrize(
    "text",
    ["", "x", GOOD[:-1], GOOD + "0", GOOD.replace("-", ""), GOOD.replace("0", "g"), GOOD.replace("01", "  "), "ä" * 36, None, 5, [GOOD],
     "0192f0c12-d3e-7abc-8def-0123456789ab", "-" * 4 + "0" * 32],
)  # fmt: skip
def test_what_is_no_uuid_is_no_id(text: object) -> None:
    with pytest.raises(InvalidRequest, match="is no job id: it must be a UUID"):
        id_bytes(text)


def test_the_router_makes_ids_of_version_7_with_the_time_in_front() -> None:
    text, raw = new_id(1_700_000_000.123)
    made = uuid.UUID(bytes=raw)
    assert text == str(made)
    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, 1_700_000_000_123)


def test_a_client_makes_ids_of_version_7_with_the_time_in_front() -> None:
    before = int(time.time() * 1000)
    made = uuid.UUID(ids.IdMaker().one())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= time.time() * 1000 + 1


def test_a_clients_ids_rise_and_never_repeat() -> None:
    maker = ids.IdMaker()
    made = [maker.one(), *maker.many(1000), maker.one(), *maker.many(3)]
    assert made == sorted(set(made))
    assert {uuid.UUID(id).version for id in made} == {7}


def test_a_clock_that_is_set_back_brings_no_id_back(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = ids.IdMaker()
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    first = maker.many(10)
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    second = maker.many(10)
    assert first + second == sorted(set(first + second))


def test_threads_that_make_ids_at_once_get_different_ones() -> None:
    maker = ids.IdMaker()
    made: list[list[str]] = []
    threads = [threading.Thread(target=lambda: made.append([maker.one() for _ in range(500)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id for part in made for id in part}) == 2000
