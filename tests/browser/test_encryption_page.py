"""The page of an encrypted job: it names the key, reads with the key that a person gives, and keeps that in memory alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from support.pages import go, state
from support.populated_node import APPS
from support.programs import Program, running

from taskbahn import KeyRing, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.programs import Node

CARD = "4711-card-text"
KEY, OTHER_KEY = KeyRing.new_key(), KeyRing.new_key()


@pytest.fixture(scope="module")
def app(node: Node) -> Iterator[Taskbahn]:
    words = ("worker", "crypt_tasks:app", "--name", "crypt")
    with (
        running(Program(*words, cwd=APPS, TASKBAHN_URL=node.websocket, TASKBAHN_KEYS=f"k1={KEY}"), " ready"),
        Taskbahn(node.websocket, keys=KeyRing(k1=KEY)) as it,
    ):
        yield it


def give(page: Page, key: str) -> None:
    page.get_by_label("Key k1").and_(page.locator("input")).fill(key)
    page.get_by_role("button", name="Read it").click()


def test_a_person_with_the_key_reads_and_answers_in_the_page(page: Page, app: Taskbahn) -> None:
    job = app.get("crypt.pay").options(encrypt=True).start(CARD)
    go(page, f"#/jobs/{job.id}")
    expect(page.get_by_text("Encrypted with key k1: give the key above to read and answer it.")).to_be_visible()
    expect(page.get_by_label("Arguments")).to_contain_text("Encrypted with key k1.")
    expect(page.get_by_role("log")).to_contain_text("encrypted (key k1)")
    assert CARD not in page.content()
    give(page, OTHER_KEY)
    expect(page.get_by_role("alert")).to_contain_text("The key that you gave does not fit")
    give(page, "no key")
    expect(page.get_by_role("alert")).to_contain_text("Key k1 is no key: it is 32 bytes as base64")
    give(page, f"k1={KEY}")
    expect(page.locator("p.job-key")).to_contain_text("Decrypted in this page, by key k1.")
    expect(page.get_by_label("Arguments")).to_contain_text(CARD)
    expect(page.get_by_role("log")).to_contain_text(f"pays by {CARD}")
    expect(page.get_by_label("Stream").last).to_contain_text(CARD)
    expect(page.get_by_text(f"half of {CARD}").first).to_be_visible()
    expect(page.get_by_role("heading", name=f"May {CARD} pay?")).to_be_visible()
    page.get_by_role("button", name="Yes").click()
    assert job.result(timeout=30) == CARD
    expect(state(page)).to_have_text("succeeded")
    expect(page.get_by_label("Result").locator("pre").first).to_have_text(CARD)
    kept = page.evaluate("() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])")
    assert KEY[:12] not in kept
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_label("Arguments")).to_contain_text("Encrypted with key k1.")
    assert CARD not in page.content()


def test_an_error_is_read_with_the_key_and_named_without(page: Page, app: Taskbahn) -> None:
    job = app.get("crypt.pay").options(encrypt=True).start(CARD, fails=True)
    job.error(timeout=30)
    go(page, f"#/jobs/{job.id}")
    expect(page.get_by_label("Error").first).to_contain_text("ValueError")
    assert CARD not in page.content()
    give(page, KEY)
    expect(page.get_by_label("Error").first).to_contain_text(f"no money on {CARD}")
    expect(page.get_by_label("Traceback")).to_contain_text("in pay")
    page.reload()  # it has forgotten the key
    expect(page.get_by_role("button", name="Read it")).to_be_visible()
    assert CARD not in page.content()
