"""What a person finds again after a look at something else, and by the search."""

from __future__ import annotations

import re
import uuid

from playwright.sync_api import Locator, Page, expect
from support.pages import cancel_jobs, go, start, start_many


def shown(page: Page) -> Locator:
    return page.locator("tbody tr[data-job]")


def test_back_shows_a_list_as_it_was(page: Page) -> None:
    tag = f"t:{uuid.uuid4().hex[:12]}"
    ids = start_many(page, [["numbers.add", [1], {}, {"tags": [tag], "delay": 600}] for _ in range(250)])
    go(page, f"#/jobs?q=tag:{tag}")
    expect(shown(page).first).to_be_visible()
    for key in "jjjx":
        page.keyboard.press(key)
    page.wait_for_function("() => (scrollTo(0, 1e6), document.querySelector('.list-head p').textContent === '250 jobs')")
    page.evaluate("scrollTo(0, 6000)")
    id = page.wait_for_function(
        "() => scrollY === 6000 && document.elementFromPoint(600, 500)?.closest('tr')?.dataset.job"
    ).json_value()
    page.locator(f"tr[data-job='{id}'] .cell-job a").click()
    expect(page).to_have_url(re.compile(f"#/jobs/{id}$"))
    expect(page.locator(".headline")).to_be_visible()
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(page.locator(f"tr[data-job='{id}']")).to_be_in_viewport()
    assert page.evaluate("scrollY") == 6000
    expect(page.get_by_role("region", name="Selected jobs")).to_contain_text("1 selected")
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator("tr.row-current")).to_have_attribute("aria-rowindex", "4")
    page.go_forward()
    expect(page.locator(".headline")).to_be_visible()
    page.go_back()
    expect(shown(page).first).to_be_visible()
    cancel_jobs(page, ids)


def test_back_shows_the_words_of_a_filter(page: Page) -> None:
    go(page, "#/tasks")
    words = page.get_by_role("searchbox", name="Filter the tasks")
    words.fill("numbers.a")
    page.get_by_role("link", name="numbers.add").click()
    expect(page.get_by_role("heading", name="numbers.add")).to_be_visible()
    page.go_back()
    expect(words).to_have_value("numbers.a")
    expect(page.get_by_role("link", name="numbers.count")).to_have_count(0)


def test_a_list_of_the_last_seconds_moves_on(page: Page) -> None:
    tag = f"t:{uuid.uuid4().hex[:12]}"
    id = start(page, "numbers.add", [1], {}, tags=[tag])
    go(page, f"#/jobs?q=tag:{tag} since:4s")
    expect(shown(page)).to_have_attribute("data-job", id)
    expect(shown(page)).to_have_count(0)  # without any change of the job
    later = start(page, "numbers.add", [1], {}, tags=[tag])
    expect(shown(page)).to_have_attribute("data-job", later)


def test_the_search_finds_short_ids_workers_queues_and_kinds_of_errors(page: Page) -> None:
    search = page.get_by_role("combobox", name="Search jobs, tasks, pages")
    id = start(page, "pictures.broken", ["cat.gif"], {})
    go(page, f"#/jobs/{id}")
    expect(page.locator(".headline").get_by_role("status")).to_have_text("failed")
    fingerprint = str(page.get_by_role("link", name="Jobs that failed alike").get_attribute("href"))[-12:]
    go(page, "#/")
    search.fill(id[-8:])
    search.press("Enter")
    expect(page).to_have_url(re.compile(f"#/jobs/{id}$"))
    search.fill(fingerprint)
    page.get_by_role("option", name=re.compile("^Failed")).click()
    expect(shown(page).first).to_contain_text("cat.gif is no picture")
    start(page, "numbers.add", [1], {}, tags=["found-by-search"])
    search.fill("found-by-search")
    page.get_by_role("option", name=re.compile("^Tag found-by-search")).click()
    expect(page.get_by_role("combobox", name="Filter the jobs")).to_have_value("tag:found-by-search")
    search.fill("defaul")
    page.get_by_role("option", name=re.compile("^Queue default")).click()
    expect(page.get_by_role("combobox", name="Filter the jobs")).to_have_value("queue:default")
    go(page, "#/workers")
    name = page.locator(".worker h2, .worker h3").first.inner_text()
    search.fill(name[:4])
    page.get_by_role("option", name=re.compile("^Worker")).first.click()
    expect(page).to_have_url(re.compile("#/workers/."))
