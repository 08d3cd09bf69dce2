"""What a reader needs to tell things apart: columns, titles, ids in sight, nothing that overlaps on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from support.pages import form_of, go, overlaps, start

TASK = "pictures.everything"


def test_a_long_form_is_in_columns_with_choices_in_their_order(page: Page) -> None:
    go(page, f"#/tasks/{TASK}")
    form = form_of(page, TASK)
    expect(form).to_have_class(re.compile("task-form-many"))
    columns = form.evaluate("form => getComputedStyle(form).gridTemplateColumns.split(' ').length")
    assert columns >= 2
    expect(form.get_by_label("fit").locator("option")).to_have_text(["as the task has it", "cover", "contain"])


def test_the_title_of_a_tab_says_which_job_or_query_it_shows(page: Page) -> None:
    id = start(page, "numbers.add", [1], {})
    go(page, f"#/jobs/{id}")
    expect(page).to_have_title(re.compile(rf"numbers\.add {id[-8:]} · Taskbahn$"))
    go(page, "#/jobs?q=state:failed")
    expect(page).to_have_title("state:failed · Jobs · Taskbahn")
    go(page, "#/workers")
    expect(page).to_have_title("Workers · Taskbahn")


@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_is_wider_than_its_window(page: Page, width: int) -> None:
    job = start(page, "pictures.broken", ["a-very-long-name-of-a-picture-without-any-blank-" * 4], {}, tags=["t" * 90])
    page.set_viewport_size({"width": width, "height": 844})
    for place in ("", "jobs", f"jobs/{job}", "tasks", f"tasks/{TASK}", "queues", "workers", "errors", "limits", "settings"):
        go(page, f"#/{place}")
        expect(page.locator("main h1").first).to_be_attached()
        expect(page.locator("main [aria-busy=true]")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place


LONG = """() => {
    const line = document.querySelector(".timeline li").cloneNode(true); // in place of a wait of minutes
    const [waited, ran] = line.querySelectorAll(".timeline-times > span");
    waited.textContent = "waited 23 min 29 s";
    ran.textContent = "ran 1 h 59 min";
    for (const state of ["succeeded", "running", "crash", "worker lost"]) {
        const made = line.cloneNode(true);
        made.querySelector(".state").lastChild.textContent = state;
        document.querySelector(".timeline").prepend(made);
    }
}"""


@pytest.mark.parametrize("width", [1440, 720, 390, 320])
def test_no_texts_of_an_attempt_overlap(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    go(page, f"#/jobs/{start(page, 'numbers.add', [1], {})}")
    expect(page.locator(".timeline .state")).to_have_text(re.compile("succeeded"))
    page.evaluate(LONG)
    assert overlaps(page.locator(".timeline")) == []
