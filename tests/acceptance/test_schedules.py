"""Previews of schedules over a real node: by the SDK, blocking and in asyncio, and on the command line."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from support.shell import SECONDS, Shell

from taskbahn import Cron, Every, InvalidSchedule, Taskbahn

if TYPE_CHECKING:
    from taskbahn.schedules.schedules import SchedulePreview

pytestmark = pytest.mark.slow
AUTUMN = datetime(2027, 10, 30, 12, tzinfo=UTC)


def test_a_preview_gives_words_and_times_on_the_clocks_of_the_zone(shell: Shell) -> None:
    with Taskbahn(shell.url) as app:
        found = app.schedules.preview("30 2 * * *", zone="Europe/Berlin", count=2, after=AUTUMN)
        assert found.words == "at 02:30 every day, Europe/Berlin"
        assert [time.isoformat() for time in found.times] == ["2027-10-31T02:30:00+02:00", "2027-11-01T02:30:00+01:00"]
        night = Every("1h") - Cron("* 6-23 * * *", zone="Europe/Berlin")

        async def ask() -> SchedulePreview:
            return await app.schedules.preview_async(night, count=7, after=AUTUMN)

        with ThreadPoolExecutor(1) as thread:
            shown = thread.submit(lambda: asyncio.run(ask())).result(SECONDS)
        assert [time.hour for time in shown.times] == [22, 23, 0, 1, 2, 3, 4], "of UTC"
        with pytest.raises(InvalidSchedule, match="position 3") as caught:
            app.schedules.preview("0 25 * * *")
        assert caught.value.detail == {"position": 3}


def test_the_command_shows_a_table_and_refuses_with_a_sentence(shell: Shell) -> None:
    said = shell("schedules", "preview", "0 3 * * 1-5", "--zone", "Europe/Berlin", "--count", "3")
    words, _, *rows = said.out.splitlines()
    assert words == "at 03:00 on weekdays, Europe/Berlin"
    times = [row for row in rows if re.search(r"03:00:00 \+0[12]00 +\d{4}-\d\d-\d\d 0[12]:00:00 +in ", row)]
    assert len(times) == 3
    listed = shell("schedules", "preview", "@hourly", "--json").json
    assert (listed["words"], len(listed["times"]), len(listed["local"])) == ("at the start of every hour, UTC", 10, 10)
    refused = shell("schedules", "preview", "0 3 * * 8")
    assert (refused.code, "position 9" in refused.err) == (2, True)
    assert "preview" in shell("schedules", "--help").out
