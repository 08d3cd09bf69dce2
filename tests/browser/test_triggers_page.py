"""The pages of triggers: the list, one of them, and the form that changes it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect
from support.pages import go
from support.populated_node import APPS
from support.programs import Program, running

from taskbahn import Taskbahn, TaskbahnError
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.programs import Node

GREET, DEPLOY = "triggered_page.greet", "triggered_page.deploy"
MADE = ("page-hooked", "page-gone", "page-made", "page-made-hook")


@pytest.fixture(scope="module")
def app(node: Node) -> Iterator[Taskbahn]:
    """A client, beside a worker for `triggered`; in the end no trigger of these tests starts anything."""
    with (
        running(Program("worker", "triggered:app", "--name", "ears", cwd=APPS, TASKBAHN_URL=node.websocket), " ready"),
        Taskbahn(node.websocket) as app,
    ):
        kind = {"headers.x-kind": "push"}
        app.triggers.create_hook(
            "page-hooked", "page-hook", app.get(DEPLOY), scheme="hmac", secret="env:PAGE_LACKING_SECRET", where=kind
        )
        yield app
        for id in MADE:
            with suppress(TaskbahnError):
                app.triggers[id].delete()
        app.triggers["page-declared"].pause("the tests are over")


def row(page: Page, id: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=id, exact=True))


def test_the_list_says_for_which_events_triggers_wait_and_what_they_started(page: Page, app: Taskbahn) -> None:
    page.keyboard.type("gr")
    declared, hooked = row(page, "page-declared"), row(page, "page-hooked")
    expect(declared).to_contain_text(re.compile(r'page\.created.*where country = "DE".*from the shop.*active.*not yet.*00.*code'))
    expect(hooked).to_contain_text(re.compile(r"POST /hooks/page-hook signed by hmac"))
    [job] = app.publish("page.created", {"country": "DE", "name": "Ada"})
    assert job.result(timeout=60) == "hello Ada, hello Ada"
    expect(declared.locator("[data-name=started]")).to_have_text("1")
    assert app.publish("page.created", {"country": "DE"}) == []
    expect(declared).to_contain_text(re.compile("Refused: .*name.*in trouble"))
    page.get_by_role("combobox", name="Which triggers").select_option("Hooks")
    expect(declared).to_have_count(0)
    expect(page).to_have_url(re.compile(r"#/triggers\?state=hook$"))
    page.get_by_role("combobox", name="Which triggers").select_option("All")
    page.get_by_role("searchbox", name="Find triggers").fill("page.created greet")
    expect(page.get_by_text(re.compile(r"^1 of \d+ triggers$"))).to_be_visible()
    declared.locator("[data-name=last]").get_by_role("link").click()
    expect(page.get_by_role("heading", name=GREET)).to_be_visible()
    page.get_by_role("link", name="page-declared", exact=True).click()
    expect(page).to_have_url(re.compile("#/triggers/page-declared$"))
    expect(page.get_by_role("region", name="What is wrong")).to_contain_text("The newest event started no job")
    expect(page.get_by_role("region", name="The task gets")).to_contain_text("{event.name}")


def test_a_trigger_is_paused_resumed_and_deleted_on_its_page(page: Page, app: Taskbahn) -> None:
    app.triggers.create("page-gone", "page.gone", app.get(GREET))
    go(page, "#/triggers/page-gone")
    expect(page.get_by_role("region", name="The task gets")).to_contain_text("The arguments of the event, as they are.")
    page.get_by_role("button", name="Pause").click()
    dialog = page.get_by_role("dialog", name="Pause page-gone?")
    dialog.get_by_label("Reason").fill("stocktaking")
    dialog.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("region", name="What is wrong")).to_contain_text("stocktaking")
    assert app.publish("page.gone", "Ada") == []
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(page.get_by_text("page-gone is resumed.")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("#/triggers$"))
    go(page, "#/triggers/page-gone")
    expect(page.get_by_role("heading", name="There is no trigger page-gone")).to_be_visible()


def test_a_trigger_is_changed_in_its_form_and_goes_back_to_code(page: Page, app: Taskbahn) -> None:
    go(page, "#/triggers/page-declared")
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    page.get_by_role("link", name="Edit").click()
    form = page.get_by_role("form", name="Change page-declared")
    where = form.get_by_role("textbox", name="Where")
    where.fill("DE")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#schedule-where-problem")).to_contain_text("This is no JSON")
    expect(where).to_be_focused()
    where.fill("")
    form.get_by_role("textbox", name="Topic").fill("page.new.")
    form.get_by_label("Match").select_option("prefix")
    form.get_by_role("textbox", name="Named arguments").fill('{"name": "{evnt.name}"}')
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="did you mean 'event'?")).to_be_visible()
    form.get_by_role("textbox", name="Named arguments").fill('{"name": "{event.who}"}')
    form.get_by_role("button", name="Save").click()
    changes = page.get_by_role("region", name="Code and changes")
    expect(changes).to_contain_text(re.compile(r"Topic\s*codepage\.created\s*nowpage\.new\."))
    assert app.publish("page.new.person", {"who": "Eve"})[0].result(timeout=60) == "hello Eve"
    changes.get_by_role("button", name="Back to what code says").click()
    expect(changes).to_contain_text("It is as code declares it.")
    assert app.triggers["page-declared"].view().changed == {}


def said(app: Taskbahn, id: str, topic: str) -> str:
    """What the command line says of a trigger that cannot be."""
    with pytest.raises(TaskbahnError) as refused:
        app.client.ask(messages.TRIGGER_ADD, id, {"kind": "topic", "topic": topic, "call": {"task": GREET}}).get()
    return str(refused.value)


def test_a_form_makes_triggers_with_the_checks_of_the_command_line(page: Page, app: Taskbahn, tmp_path: Path) -> None:
    go(page, "#/triggers")
    expect(page.get_by_role("link", name="New trigger")).to_be_visible()
    page.keyboard.press("n")
    form = page.get_by_role("form", name="A new trigger")
    form.get_by_role("textbox", name="Id").fill("page-declared")
    form.get_by_role("textbox", name="Topic").fill("page made")
    form.get_by_role("combobox", name="Task").fill(GREET)
    form.get_by_role("button", name="Create").click()
    expect(page.locator("#schedule-id-problem")).to_contain_text("There is a trigger page-declared already")
    for wrong in ("page made", "taskbahn.job"):
        form.get_by_role("textbox", name="Id").fill("page-made")
        form.get_by_role("textbox", name="Topic").fill(wrong)
        form.get_by_role("button", name="Create").click()
        expect(page.locator("#schedule-topic-problem")).to_contain_text(said(app, "page-made", wrong)[1:], ignore_case=True)
        expect(form.get_by_role("textbox", name="Topic")).to_be_focused()
    form.get_by_role("textbox", name="Topic").fill("page.made")
    form.get_by_label("These arguments").check()
    form.get_by_role("textbox", name="Named arguments").fill('{"name": "{evnt.name}"}')
    form.get_by_role("combobox", name="Task").fill("triggered_page.gret")
    form.get_by_role("button", name="Create").click()
    expect(page.locator("#schedule-kwargs-problem")).to_contain_text("did you mean 'event'?")
    form.get_by_role("textbox", name="Named arguments").fill('{"name": "{event.name}"}')
    form.get_by_role("button", name="Create").click()
    expect(page.locator("#schedule-task-problem")).to_contain_text("triggered_page.gret")
    assert "page-made" not in [view.id for view in app.triggers.views()]  # nothing is changed until all is right
    form.get_by_role("combobox", name="Task").fill(GREET)
    form.get_by_role("textbox", name="Where").fill('{"country": "FR"}')
    look(page, tmp_path, "new-trigger")
    form.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile("#/triggers/page-made$"))
    assert app.publish("page.made", {"country": "DE", "name": "Ada"}) == []
    assert app.publish("page.made", {"country": "FR", "name": "Ada"})[0].result(timeout=60) == "hello Ada"


def test_a_hook_is_made_and_all_its_fields_are_changed(page: Page, app: Taskbahn, tmp_path: Path) -> None:
    go(page, "#/triggers?view=new")
    form = page.get_by_role("form", name="A new trigger")
    form.get_by_role("textbox", name="Id").fill("page-made-hook")
    form.get_by_label("Requests of another service").check()
    form.get_by_role("textbox", name="Name", exact=True).fill("page-pushed")
    form.get_by_role("combobox", name="Task").fill(DEPLOY)
    form.get_by_role("textbox", name="Secret").fill("hunter2")
    form.get_by_role("button", name="Create").click()
    expect(page.locator("#schedule-secret-problem")).to_contain_text("ends in _SECRET")
    form.get_by_role("textbox", name="Secret").fill("env:PAGE_LACKING_SECRET")
    look(page, tmp_path, "new-hook")
    form.get_by_role("button", name="Create").click()
    expect(page.get_by_role("region", name="Waits for")).to_contain_text("/hooks/page-pushed")
    page.get_by_role("link", name="Edit").click()
    form = page.get_by_role("form", name="Change page-made-hook")
    form.get_by_role("textbox", name="Name", exact=True).fill("page-pulled")
    form.get_by_label("Scheme").select_option("hmac")
    form.get_by_role("textbox", name="Header").fill("x-signature")
    form.get_by_label("Repetitions").select_option("body")
    form.get_by_role("textbox", name="A second").fill("-1")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#schedule-per_second-problem")).to_contain_text("it is above 0")
    form.get_by_role("textbox", name="A second").fill("2.5")
    form.get_by_label("A flow").check()
    form.get_by_role("textbox", name="Flow as JSON").fill(json.dumps({"chain": [{"task": DEPLOY, "args": ["{body}"]}]}))
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="The flow gets")).to_be_visible()
    spec = app.triggers["page-made-hook"].view().spec
    assert {name: spec[name] for name in ("name", "scheme", "header", "repeats", "per_second", "secret")} == {
        "name": "page-pulled",
        "scheme": "hmac",
        "header": "x-signature",
        "repeats": "body",
        "per_second": 2.5,
        "secret": "env:PAGE_LACKING_SECRET",
    }
    assert "flow" in spec["call"]


def look(page: Page, folder: Path, name: str) -> None:
    for width in (1440, 390):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 860})


def test_a_hook_says_its_address_and_which_secret_the_node_lacks(page: Page, origin: str, app: Taskbahn) -> None:
    go(page, "#/triggers/page-hooked")
    waits = page.get_by_role("region", name="Waits for")
    expect(waits).to_contain_text(f"{origin}/hooks/page-hook")
    expect(waits).to_contain_text('headers.x-kind = "push"')
    expect(page.get_by_role("region", name="What is wrong")).to_contain_text("has no PAGE_LACKING_SECRET")
    page.goto(f"{origin}/view/#/triggers/page-hooked")
    expect(waits).to_contain_text("signed by hmac")
    for role, name in (("button", "Pause"), ("link", "Edit")):
        expect(page.get_by_role(role, name=name)).to_have_count(0)  # type: ignore[arg-type]
