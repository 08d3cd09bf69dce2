"""The pages of schedules: the list, one of them, the week, and the form that makes and changes them."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect
from support.pages import go
from support.populated_node import APPS
from support.programs import Program, running

from taskbahn import Every, Taskbahn, TaskbahnError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.programs import Node

GREET, STUMBLE = "scheduled_page.greet", "scheduled_page.stumble"
MADE = ("page-quick", "page-fails", "page-weekly", "page-rare", "page-new", "page-gone", "page-late")


@pytest.fixture(scope="module")
def app(node: Node) -> Iterator[Taskbahn]:
    """A client, beside a worker for `scheduled`; the schedules of these tests are deleted in the end."""
    with (
        running(Program("worker", "scheduled:app", "--name", "diary", cwd=APPS, TASKBAHN_URL=node.websocket), " ready"),
        Taskbahn(node.websocket) as app,
    ):
        yield app
        for id in MADE:
            with suppress(TaskbahnError):
                app.schedules[id].delete()


def row(page: Page, id: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=id, exact=True))


def test_the_list_says_when_schedules_fire_and_what_became_of_them(page: Page, app: Taskbahn) -> None:
    go(page, "#/schedules")
    declared = row(page, "page-declared")
    expect(declared).to_contain_text("at 03:00 on February 29, Europe/Berlin")
    expect(declared).to_contain_text(re.compile(r"in \d+ d .*not yet.*code"))
    app.schedules.create("page-quick", Every(1), app.get(GREET).si("Ada"), times=2)
    app.schedules.create("page-fails", Every(1), app.get(STUMBLE).si(), times=1, note="to see what is red")
    quick, fails = row(page, "page-quick"), row(page, "page-fails")
    expect(quick.get_by_role("img", name="The newest 2: 2 succeeded")).to_be_visible()
    expect(quick.locator("[data-name=next]")).to_have_text("never again")
    expect(quick.locator("[data-name=last]")).to_contain_text(re.compile(r"^succeeded\s*(just now|\d+ s ago), .+ late$"))
    expect(quick.get_by_text("run time")).to_be_visible()
    expect(fails.get_by_role("img", name="The newest 1: 1 failed")).to_be_visible()
    expect(fails).to_contain_text("to see what is red")
    fails.get_by_role("link", name="failed").click()
    expect(page.get_by_role("heading", name=STUMBLE)).to_be_visible()
    page.get_by_role("link", name="page-fails", exact=True).click()
    expect(page).to_have_url(re.compile("#/schedules/page-fails$"))


def test_the_list_is_searched_filtered_and_walked_with_the_keyboard(page: Page, app: Taskbahn) -> None:
    for id in ("page-weekly", "page-rare"):
        app.schedules.create(id, "0 8 * * MON", app.get(GREET).si(f"the {id}"))
    app.schedules["page-rare"].pause("holidays", within=7200)
    page.keyboard.type("gc")
    expect(row(page, "page-rare").locator("[data-name=next]")).to_contain_text(re.compile("paused ends in 1 h 59 min"))
    page.keyboard.press("f")
    page.keyboard.type("the page-weekly", delay=252)  # a letter at each moment in which the list begins to follow
    expect(page.get_by_text(re.compile(r"^1 of \d+ schedules$"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="page-weekly", exact=True)).to_be_focused()
    go(page, "#/schedules?state=paused&q=page-")
    expect(page.get_by_role("combobox", name="Which schedules")).to_have_value("paused")
    expect(row(page, "page-rare")).to_be_visible()
    expect(row(page, "page-weekly")).to_have_count(0)
    page.get_by_role("combobox", name="Which schedules").select_option("Of code")
    expect(row(page, "page-declared")).to_be_visible()
    expect(page).to_have_url(re.compile(r"#/schedules\?q=page-&state=code$"))
    page.get_by_role("searchbox", name="Find schedules").fill("no such schedule")
    expect(page.get_by_text(re.compile(r"^None of the \d+ schedules is like that\.$"))).to_be_visible()


def test_a_schedule_is_run_paused_and_resumed_on_its_page(page: Page, app: Taskbahn) -> None:
    app.schedules.create("page-weekly", "0 8 * * MON", app.get(GREET).si("Grace"), zone="Europe/Berlin")
    go(page, "#/schedules/page-weekly")
    expect(page.get_by_role("heading", name="page-weekly", level=1)).to_be_visible()
    expect(page.get_by_text("at 08:00 on Monday, Europe/Berlin")).to_be_visible()
    times = page.get_by_role("region", name="Next times")
    expect(times.get_by_role("listitem")).to_have_count(10)
    expect(times.get_by_role("listitem").first).to_contain_text(re.compile(r"^Mon \d+ \w+, 08:00"))
    expect(page.get_by_role("region", name="About")).to_contain_text('scheduled_page.greet("Grace")')
    expect(page.get_by_text("No due time has come since it was made.")).to_be_visible()

    page.get_by_role("button", name="Run now").click()
    started = page.get_by_label("The job that was started", exact=True)
    expect(started).to_contain_text(re.compile('succeeded.*"hello Grace"'))
    started.get_by_role("link").click()
    page.get_by_role("link", name="page-weekly", exact=True).click()

    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("p")
    dialog = page.get_by_role("dialog", name="Pause page-weekly?")
    dialog.get_by_label("Reason").fill("holidays")
    dialog.get_by_label("Until …").check()
    dialog.get_by_role("textbox", name="Until").fill("2098-01-01T09:00")
    dialog.get_by_label("Your name").fill("Ada")
    dialog.get_by_role("button", name="Pause").click()
    expect(page.get_by_text(re.compile(r"page-weekly is paused until 1 Jan"))).to_be_visible()
    expect(page.get_by_role("region", name="What is wrong")).to_contain_text(re.compile(r"Pausedby Ada · holidays · for \d+ d"))
    expect(times).to_contain_text("After its pause.")
    expect(page.get_by_role("region", name="Before its next job").get_by_role("listitem").first).to_contain_text("Closed: ")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(page.get_by_text(re.compile("page-weekly is resumed, and fires next at"))).to_be_visible()
    expect(page.get_by_role("region", name="What is wrong")).to_have_count(0)


def test_the_jobs_of_a_past_period_are_counted_before_they_start(page: Page, app: Taskbahn) -> None:
    app.schedules.create("page-weekly", "0 8 * * MON", app.get(GREET).si("Grace"))
    go(page, "#/schedules/page-weekly")
    page.get_by_role("button", name="Backfill").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("From").fill("2026-01-05T08:00")
    dialog.get_by_label(re.compile("^To")).fill("2026-01-05T07:00")
    expect(dialog.get_by_role("status")).to_have_text("The period ends before it begins.")
    dialog.get_by_label(re.compile("^To")).fill("2026-01-19T09:00")
    expect(dialog.get_by_role("status")).to_have_text(re.compile(r"^3 jobs, from 5 Jan.* to 19 Jan"))
    dialog.get_by_role("button", name="Start them").click()
    expect(page.get_by_text("3 jobs are started.")).to_be_visible()


def test_what_differs_from_code_is_shown_and_can_be_undone(page: Page, app: Taskbahn) -> None:
    app.schedules["page-declared"].edit("0 4 29 FEB *", zone="Europe/Berlin", overlap="allow")
    go(page, "#/schedules/page-declared")
    changes = page.get_by_role("region", name="Code and changes")
    expect(changes).to_contain_text(re.compile(r"code0 3 29 FEB \*\s+Europe/Berlin\s*now0 4 29 FEB \*\s+Europe/Berlin"))
    expect(changes).to_contain_text(re.compile(r"Overlap\s*codeSkip\s*nowAllow"))
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    changes.get_by_role("button", name="Back to what code says").click()
    expect(changes).to_contain_text("It is as code declares it.")
    expect(page.get_by_text("at 03:00 on February 29, Europe/Berlin")).to_be_visible()
    assert app.schedules["page-declared"].view().changed == {}


def test_a_schedule_has_its_history_and_is_deleted(page: Page, app: Taskbahn) -> None:
    app.schedules.create("page-gone", Every(1), app.get(STUMBLE).si(), times=1)
    go(page, "#/schedules/page-gone")
    history = page.get_by_role("table", name="What became of the newest due times of page-gone")
    expect(history.get_by_role("row").nth(1)).to_contain_text("failed")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("#/schedules$"))
    go(page, "#/schedules/page-gone")
    expect(page.get_by_role("heading", name="There is no schedule page-gone")).to_be_visible()


def test_who_only_looks_sees_schedules_and_no_actions(page: Page, origin: str, app: Taskbahn) -> None:
    app.schedules.create("page-weekly", "0 8 * * MON", app.get(GREET).si("Grace"))
    page.goto(f"{origin}/view/#/schedules/page-weekly")
    expect(page.get_by_role("region", name="Next times").get_by_role("listitem")).to_have_count(10)
    for name in ("Run now", "Pause", "Backfill", "Delete"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)


def test_the_week_has_hours_and_bands_and_opens_a_full_hour(page: Page, app: Taskbahn) -> None:
    app.schedules.create("page-rare", "59 * * * *", app.get(GREET).si("Emma"))
    app.schedules["page-rare"].resume()
    crowd = [f"page-crowd-{number}" for number in range(5)]
    for id in crowd:
        app.schedules.create(id, "58 23 * * *", app.get(GREET).si("Emma"), times=1)
    go(page, "#/schedules")
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Week").click()
    often = page.get_by_role("region", name="Due often").get_by_role("listitem").filter(has_text="page-rare")
    expect(often).to_contain_text("at minute 59 of every hour, UTC")
    page.get_by_role("button", name=re.compile(r"At .* 3 more$")).first.click()
    hour = page.get_by_role("region", name=re.compile(r"^\w{3} \d+ \w+, \d\d:00 to \d\d:00$"))
    expect(hour.get_by_role("listitem")).to_have_count(6)
    expect(hour.get_by_role("listitem").last).to_have_text("23:59 page-rare")
    hour.get_by_role("link", name=re.compile("page-crowd-3$")).click()
    expect(page.get_by_role("heading", name="page-crowd-3", level=1)).to_be_visible()
    for id in [*crowd, "page-rare"]:
        app.schedules[id].delete()


def test_a_schedule_is_made_with_an_explanation_while_its_line_is_typed(page: Page, app: Taskbahn) -> None:
    go(page, "#/schedules")
    page.get_by_role("link", name="New schedule").click()
    form = page.get_by_role("form", name="A new schedule")
    form.get_by_label("Id").fill("page-new")
    form.get_by_label("Time zone").fill("Europe/Berlin")
    line = form.get_by_role("textbox", name="Cron line")
    line.fill("0 25 * * *")
    problem = page.locator("#schedule-line-problem")
    expect(problem).to_contain_text("position 3: '25' is no hour")
    expect(problem.locator("mark")).to_have_text("2")
    expect(line).to_have_attribute("aria-invalid", "true")
    line.fill("0 3 * * 1-5")
    expect(form.get_by_role("status")).to_have_text(
        re.compile(r"^at 03:00 on weekdays, Europe/Berlin; next: \w{3} \d+ \w+, 03:00, in ")
    )
    expect(page.get_by_role("region", name="Next times").get_by_role("listitem")).to_have_count(10)
    form.get_by_role("combobox", name="Task").fill(GREET)
    expect(form).to_contain_text(re.compile(r"Takes name \(text\), times \(integer, optional\)\."))
    form.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert").filter(has_text="name")).to_be_visible()
    form.get_by_role("textbox", name="Named arguments").fill('{"name": "{@due:%d}"}')
    form.get_by_label("Overlap").select_option("Allow")
    form.get_by_label("Alarm after").fill("1h30m")
    form.get_by_label("Your name").fill("Ada")
    form.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="page-new", level=1)).to_be_visible()
    expect(page.get_by_role("region", name="About")).to_contain_text(re.compile("Alarm after.*1 h 30 min.*by Ada"))
    spec = app.schedules["page-new"].view().spec
    assert (spec["overlap"], spec["alarm_after"]) == ("allow", 5400.0)


def test_a_schedule_is_changed_in_its_form_to_other_kinds_of_times(page: Page, app: Taskbahn) -> None:
    app.schedules.create("page-new", "0 3 * * *", app.get(GREET).si("Emma"), zone="Europe/Berlin", note="stays")
    go(page, "#/schedules/page-new")
    expect(page.get_by_role("link", name="Edit")).to_be_visible()
    page.keyboard.press("e")
    form = page.get_by_role("form", name="Change page-new")
    for kind, label, text, words in (
        ("Interval", "Every", "1h30m", "every 1 hour and 30 minutes"),
        ("Sun", "Latitude", "60", "at sunset, 60° N 13.4° E"),
        ("Calendar rule", "Recurrence rule", "FREQ=DAILY;BYHOUR=7", "every day at 07:00, Europe/Berlin"),
        ("Dates", "Days and times", "2199-12-24T18:00", "on 2199-12-24 at 18:00, Europe/Berlin"),
        ("Combination", "Times as JSON", '{"kind": "any", "of": [{"kind": "every", "interval": 60}]}', "every minute"),
    ):
        form.get_by_role("radio", name=kind).check(force=True)
        form.get_by_role("textbox", name=label).fill(text)
        expect(form.get_by_role("status")).to_contain_text(words)
    form.get_by_role("radio", name="Interval").check(force=True)
    form.get_by_role("textbox", name="Every").fill("soon")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#schedule-interval-problem")).to_contain_text("no duration")
    expect(form.get_by_role("textbox", name="Every")).to_be_focused()
    form.get_by_role("textbox", name="Every").fill("2d")
    expect(form.get_by_role("status")).to_contain_text("every 2 days")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)  # it is stored
    expect(page.get_by_text("every 2 days").first).to_be_visible()
    view = app.schedules["page-new"].view()
    assert (view.words, view.spec["note"]) == ("every 2 days", "stays")


def test_a_schedule_without_a_success_in_time_is_late_on_its_page(page: Page, app: Taskbahn) -> None:
    app.schedules.create("page-late", Every(1), app.get(STUMBLE).si(), times=1, alarm_after=1)
    go(page, "#/schedules?state=trouble")
    expect(row(page, "page-late")).to_contain_text("Late: no job has succeeded in time")
    page.get_by_role("link", name="page-late", exact=True).click()
    wrong = page.get_by_role("region", name="What is wrong")
    expect(wrong).to_contain_text(re.compile("page-late.*|No job has succeeded in time"))
    app.schedules["page-late"].delete()
