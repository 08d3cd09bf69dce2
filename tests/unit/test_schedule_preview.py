"""A preview of a schedule: what the dispatcher answers, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from support.dispatcher_harness import WALL, DispatcherHarness

from taskbahn.errors import InvalidRequest, InvalidSchedule, TaskbahnError
from taskbahn.protocol import messages

HOUR = 3600.0


def preview(harness: DispatcherHarness, *args: Any, **kwargs: Any) -> Any:
    asked = harness.ask(messages.VIEW_SCHEDULE_TIMES, *args, **kwargs)
    harness.settle()
    return asked.sent[-1][1]


def test_a_line_is_answered_in_words_and_times(harness: DispatcherHarness) -> None:
    answer = preview(harness, "0 3 * * 1-5", zone="Europe/Berlin", count=2)
    assert answer == {
        "words": "at 03:00 on weekdays, Europe/Berlin",
        "zone": "Europe/Berlin",
        "times": [1_700_013_600.0, 1_700_100_000.0],
        "local": ["2023-11-15T03:00:00+01:00", "2023-11-16T03:00:00+01:00"],
    }
    assert len(preview(harness, "@hourly")["times"]) == 10


def test_a_form_is_shown_in_the_zone_that_is_asked_for(harness: DispatcherHarness) -> None:
    answer = preview(harness, {"kind": "every", "interval": HOUR, "start": WALL + 60}, zone="Asia/Kolkata", count=1)
    assert (answer["times"], answer["local"]) == ([WALL + 60], ["2023-11-15T03:44:20+05:30"])
    assert answer["words"] == "every hour, from 2023-11-14 22:14:20 UTC on"
    later = preview(harness, {"kind": "dates", "dates": ["2023-11-15", "2030-01-01"]}, after=WALL + 48 * HOUR)
    assert later["local"] == ["2030-01-01T00:00:00+00:00"]


@pytest.mark.parametrize(
    "args, kwargs, kind",
    [
        (["0 25 * * *"], {}, InvalidSchedule),
        (["@daily"], {"zone": "Mars/Olympus"}, InvalidSchedule),
        ([{"kind": "dates", "dates": ["2020-01-01"]}], {}, InvalidSchedule),
        ([{"kind": "moon"}], {}, InvalidSchedule),
        ([None], {}, InvalidSchedule),
        ([], {}, InvalidSchedule),
        (["x" * 5_000], {}, InvalidSchedule),
        (["@daily"], {"zone": 5}, InvalidRequest),
        (["@daily"], {"count": 0}, InvalidRequest),
        (["@daily"], {"count": 101}, InvalidRequest),
        (["@daily"], {"count": "9"}, InvalidRequest),
        (["@daily"], {"after": -1}, InvalidRequest),
        (["@daily"], {"after": float("nan")}, InvalidRequest),
        (["@daily"], {"after": True}, InvalidRequest),
    ],
)
def test_what_cannot_be_answered_is_refused(
    harness: DispatcherHarness, args: list[Any], kwargs: dict[str, Any], kind: type[TaskbahnError]
) -> None:
    refused = preview(harness, *args, **kwargs)
    assert type(refused) is kind
    assert len(refused.message) < 2_000


def test_the_place_of_the_fault_travels(harness: DispatcherHarness) -> None:
    assert preview(harness, "0 3 1,x * *").detail == {"position": 7}
