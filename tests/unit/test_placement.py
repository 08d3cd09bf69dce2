"""Which worker gets a job: free slots first, look-ahead only for short jobs and never behind a long one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn_router.core.placement import LOOK_AHEAD_SECONDS, MAX_AHEAD, Placement, WorkerCapacity, learn, look_ahead

PARTITION = 1
SHORT = 0.001


def room(
    slots: int = 4,
    in_flight: int = 0,
    *,
    slow: int = 0,
    is_open: bool = True,
    partitions: frozenset[int] = frozenset({PARTITION}),
) -> WorkerCapacity:
    return WorkerCapacity(slots, set(partitions), in_flight, slow, is_open)


def most_available(rooms: list[WorkerCapacity], partition: int, seconds_each: float | None) -> WorkerCapacity | None:
    return placement_of(rooms).most_available(partition, seconds_each)


def placement_of(rooms: list[WorkerCapacity]) -> Placement:
    return Placement(rooms, lambda partition: [room.partitions for room in rooms if partition in room.partitions])


def test_a_worker_has_room_for_its_free_slots() -> None:
    assert room(4, 1).free(0) == 3
    assert room(4, 4).free(0) == 0


def test_a_closed_worker_has_no_room() -> None:
    assert room(4, 0, is_open=False).free(100) == 0


def test_look_ahead_adds_room_only_while_nothing_slow_holds_a_slot() -> None:
    assert room(4, 4).free(10) == 10
    assert room(4, 4, slow=1).free(10) == 0


@pytest.mark.parametrize("seconds", [None, LOOK_AHEAD_SECONDS, 1.0, float("inf"), float("nan")])
def test_there_is_no_look_ahead_for_jobs_that_are_long_or_unknown(seconds: float | None) -> None:
    assert look_ahead(4, seconds) == 0


def test_look_ahead_fills_the_slots_for_its_time_and_is_bounded() -> None:
    assert look_ahead(4, 0.001) == 80
    assert look_ahead(1000, 0.0) == MAX_AHEAD


def test_the_worker_with_more_free_slots_is_taken() -> None:
    busy, idle = room(4, 3), room(4, 1)
    assert most_available([busy, idle], PARTITION, None) is idle


def test_free_slots_go_before_look_ahead() -> None:
    wide = room(100, 100)  # a long look-ahead, but no slot
    narrow = room(1, 0)
    assert most_available([wide, narrow], PARTITION, SHORT) is narrow


def test_when_all_slots_are_taken_the_longest_look_ahead_wins() -> None:
    narrow, wide = room(1, 1), room(100, 100)
    assert most_available([narrow, wide], PARTITION, SHORT) is wide


def test_among_equals_the_first_is_taken() -> None:
    first, second = room(), room()
    assert most_available([first, second], PARTITION, None) is first


def test_a_worker_that_does_not_serve_the_partition_gets_nothing() -> None:
    assert most_available([room(partitions=frozenset({2}))], PARTITION, None) is None


def test_no_worker_is_taken_when_all_are_full() -> None:
    assert most_available([room(1, 1), room(2, 2)], PARTITION, None) is None
    assert most_available([], PARTITION, None) is None


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 8), st.booleans()), max_size=6))
def test_a_worker_is_found_exactly_when_one_has_a_free_slot(shapes: list[tuple[int, int, bool]]) -> None:
    rooms = [room(slots, in_flight, is_open=is_open) for slots, in_flight, is_open in shapes]
    found = most_available(rooms, PARTITION, None)
    most = max((each.slots - each.in_flight for each in rooms if each.open), default=0)
    assert (found is None) == (most <= 0)
    if found is not None:
        assert found.open
        assert found.slots - found.in_flight == most


TASKS = {1: None, 2: SHORT, 3: SHORT / 4, 4: 1.0}  # partition -> seconds of its task
SHAPES = st.tuples(st.integers(1, 5), st.integers(0, 8), st.integers(0, 1), st.booleans(), st.integers(0, 2))
SETS = [{1, 2, 3, 4}, {1, 2}, {2, 3, 4}]


@given(shapes=st.lists(SHAPES, max_size=8), jobs=st.lists(st.sampled_from(sorted(TASKS)), max_size=60), are_shared=st.booleans())
def test_each_job_gets_the_worker_that_a_full_scan_would_find(
    *, shapes: list[tuple[int, int, int, bool, int]], jobs: list[int], are_shared: bool
) -> None:
    rooms = [
        WorkerCapacity(slots, SETS[kind] if are_shared else set(SETS[kind]), in_flight, slow, is_open)
        for slots, in_flight, slow, is_open, kind in shapes
    ]
    placement = placement_of(rooms)
    for partition in jobs:
        seconds = TASKS[partition]

        def rank(each: WorkerCapacity, seconds: float | None = seconds) -> tuple[int, int]:
            return max(0, each.slots - each.in_flight), each.free(look_ahead(each.slots, seconds))

        able = [each for each in rooms if partition in each.partitions and rank(each)[1] > 0]
        found = placement.most_available(partition, seconds)
        assert (found is None) == (not able)
        if found is not None:
            assert found in able
            assert rank(found) == max(map(rank, able))
            found.in_flight += 1
            found.slow += seconds is None or seconds > SHORT


def test_an_estimate_is_quick_to_rise_and_slow_to_fall() -> None:
    assert learn(None, 0.5) == 0.5
    assert learn(0.1, 0.5) == pytest.approx(0.3)
    assert learn(0.5, 0.1) == pytest.approx(0.48)
