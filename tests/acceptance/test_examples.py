"""Every example of README and docs is run: against a real node, with the worker that the page describes, and in a real browser."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support import documents
from support.example_sites import album_server, served
from support.programs import Node, Program, running, running_node
from support.tabs import in_chromium, in_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
BROWSER = ROOT / "examples" / "browser"
ALBUM = ROOT / "examples" / "album"
CONVERSATION = ROOT / "examples" / "conversation"
PHOTOS = ROOT / "examples" / "photos"
COMMAND = ROOT / "examples" / "command"
ADDING_UP = ROOT / "examples" / "adding-up"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TIMEOUT = 200  # seconds; a page has up to twenty commands, of a second of CPU each
IMPORT = """async text => {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    await import(url);
}"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(TIMEOUT + 60)]


def has(page: Path, *languages: str) -> bool:
    return any(block.language in languages for block in documents.blocks(page))


def names(pages: list[Path]) -> list[Any]:
    return [pytest.param(page, id=page.name) for page in pages]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node of its own: the pages leave tasks and jobs behind."""
    with running_node(tmp_path_factory.mktemp("node")) as node:
        yield node


@contextlib.contextmanager
def workers(page: Path, folder: Path, node: Node) -> Iterator[None]:
    """Write the files of a page into *folder*, and run a worker for each application among them."""
    for name, text in documents.files(page).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with contextlib.ExitStack() as stack:
        for target in documents.applications(page):
            program = Program("worker", target, "--slots", "2", cwd=folder, TASKBAHN_URL=node.websocket)
            stack.enter_context(running(program, "ready"))
        yield


@pytest.mark.parametrize("page", names([page for page in PAGES if has(page, "python", "console")]))
def test_the_python_and_shell_examples_of_a_page_do_what_it_says(page: Path, node: Node, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with workers(page, tmp_path, node):
        done = subprocess.run(
            [sys.executable, documents.__file__, page],
            cwd=tmp_path,
            env={**os.environ, "TASKBAHN_URL": node.websocket, "PATH": path},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.browser
@pytest.mark.parametrize("page", names([page for page in PAGES if has(page, "js")]))
def test_the_browser_examples_of_a_page_run(page: Path, node: Node, tmp_path: Path) -> None:
    scripts = [block for block in documents.blocks(page) if block.language == "js"]
    complaints: list[str] = []

    def run(browser: Browser) -> None:
        tab = browser.new_page(bypass_csp=True)  # the scripts come from here, and no page of the node runs those of others
        tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "assert", "warning") else None)
        tab.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        tab.goto(f"http://127.0.0.1:{node.port}/healthz")
        for script in scripts:
            tab.evaluate(IMPORT, script.text.replace(documents.DEFAULT_ADDRESS, f"127.0.0.1:{node.port}"))

    with workers(page, tmp_path, node):
        in_chromium(run)
    assert complaints == []


@pytest.mark.browser
def test_the_readmes_page_calls_a_python_task_and_shows_progress(node: Node, tmp_path: Path) -> None:
    seen: list[float] = []

    def click(site: str, browser: Browser) -> None:
        tab = browser.new_page()
        tab.expose_function("sawProgress", lambda value: seen.append(value))  # noqa: PLW0108 - Playwright writes on it
        tab.goto(site)
        tab.evaluate("""() => {
            const bar = document.querySelector("progress");
            new MutationObserver(() => window.sawProgress(bar.value)).observe(bar, { attributes: true });
        }""")
        tab.wait_for_function("document.querySelector('button').onclick !== null")
        tab.get_by_role("button", name="Build").click()
        expect(tab.locator("output")).to_have_text("a report of 10 pages", timeout=30_000)

    worker = Program("worker", "reports:app", cwd=BROWSER, TASKBAHN_URL=node.websocket)
    with running(worker, "ready"), served(BROWSER / "index.html", tmp_path, f"127.0.0.1:{node.port}") as site:
        in_chromium(partial(click, site))
    assert len(seen) > 3
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.fixture
def album_site(node: Node, tmp_path: Path) -> Iterator[str]:
    """The web application of examples/album, with a worker."""
    worker = Program("worker", "album:app", cwd=ALBUM, TASKBAHN_URL=node.websocket)
    with running(worker, "ready"), album_server(f"127.0.0.1:{node.port}", tmp_path) as site:
        yield site


def upload(site: str, folder: Path, then: Callable[[Page], None]) -> None:
    """Upload a folder in the page of examples/album."""

    def act(tab: Page) -> None:
        choose(tab, folder)
        then(tab)

    in_page(site, act)


def choose(tab: Page, folder: Path) -> None:
    tab.wait_for_function("document.querySelector('form').onsubmit !== null")
    tab.locator("input[type=file]").set_input_files(folder)
    tab.get_by_role("button", name="Upload").click()


@pytest.mark.browser
def test_a_folder_becomes_a_contact_sheet_in_the_page(album_site: str, tmp_path: Path) -> None:
    folder = shutil.copytree(PHOTOS, tmp_path / "Holiday")
    pictures = len(list(folder.glob("*.jpg")))  # and a text, which is no picture

    def sheet_is_there(tab: Page) -> None:
        expect(tab.locator("#graph .succeeded")).to_have_count(pictures + 3, timeout=60_000)  # group, sheet, mail
        expect(tab.locator("#graph .failed")).to_have_count(1)
        expect(tab.locator("job-progress")).to_contain_text("succeeded")
        tab.wait_for_function("document.querySelector('#sheet').naturalWidth > 0")
        tab.reload()
        tab.wait_for_function("document.querySelector('#sheet').naturalWidth > 0")

    upload(album_site, folder, sheet_is_there)
    (mail,) = (tmp_path / "outbox").iterdir()
    assert re.search(rf"{album_site}albums/[0-9a-f-]+/Holiday.jpg", mail.read_text(encoding="utf-8"))


@pytest.mark.browser
def test_a_second_upload_has_nothing_of_the_first_on_its_sheet(album_site: str, tmp_path: Path) -> None:
    folder = tmp_path / "Été 2026"
    (folder / "day.1").mkdir(parents=True)
    (folder / "day 2").mkdir()
    for place in (folder / "day.1" / "fig.jpg", folder / "day 2" / "fig.jpg", folder / ".hidden.jpg", folder / "sheet.jpg"):
        shutil.copy(PHOTOS / "fig.jpg", place)  # as they lie in folders: the same name twice, and one with a dot

    def twice(tab: Page) -> None:
        before = ""
        for _ in range(2):
            choose(tab, folder)
            ready = "before => { const { src, naturalWidth } = document.querySelector('#sheet'); return src !== before && naturalWidth > 0; }"
            tab.wait_for_function(ready, arg=before, timeout=60_000)
            before = tab.evaluate("document.querySelector('#sheet').src")
            expect(tab.locator("#graph .succeeded")).to_have_count(4 + 3, timeout=60_000)
        assert before.endswith("%C3%89t%C3%A9%202026.jpg")
        tab.reload()
        tab.wait_for_function("document.querySelector('#sheet').naturalWidth > 0")

    in_page(album_site, twice)
    assert len({path.parent for path in (tmp_path / "albums").glob("*/*.jpg")}) == 2


@pytest.mark.browser
def test_the_album_says_what_is_wrong_with_an_upload(album_site: str, tmp_path: Path) -> None:
    folder = tmp_path / "Films"
    folder.mkdir()
    with (folder / "long.mp4").open("wb") as film:
        film.truncate(51_000_000)

    def act(tab: Page) -> None:
        choose(tab, folder)
        expect(tab.locator("output")).to_contain_text("long.mp4 is larger than 50 MB.", timeout=60_000)
        shutil.copy(PHOTOS / "fig.jpg", folder)
        choose(tab, folder)
        expect(tab.locator("output")).to_contain_text("Left out: 0002 long.mp4 is larger than 50 MB.", timeout=60_000)
        tab.wait_for_function("document.querySelector('#sheet').naturalWidth > 0", timeout=60_000)

    in_page(album_site, act, refusals=True)


@pytest.mark.browser
def test_a_folder_without_pictures_gets_an_apology(album_site: str, tmp_path: Path) -> None:
    folder = tmp_path / "Notes"
    folder.mkdir()
    (folder / "a.txt").write_text("no picture", encoding="utf-8")

    def apology_is_there(tab: Page) -> None:
        expect(tab.locator("job-result")).to_contain_text("there is no picture in Notes", timeout=60_000)
        expect(tab.locator("#graph g", has_text="apologize")).to_have_class("succeeded", timeout=30_000)

    upload(album_site, folder, apology_is_there)
    (mail,) = (tmp_path / "outbox").iterdir()
    assert "No contact sheet of Notes" in mail.read_text(encoding="utf-8")


@pytest.mark.browser
def test_a_conversation_goes_on_when_its_worker_is_killed(node: Node, tmp_path: Path) -> None:
    """In the middle of an answer, which another worker makes again; what was said and booked before is neither said nor booked again."""

    def talk(site: str, first: Program, browser: Browser) -> None:
        tab = browser.new_page()
        tab.goto(site)
        tab.wait_for_function("document.querySelector('form').onsubmit !== null")

        def say(text: str) -> None:
            tab.get_by_label("Your message").fill(text)
            tab.get_by_role("button", name="Send").click()

        said = tab.locator("#talk p")
        say("Please book Vienna")
        tab.get_by_role("button", name="Yes").click(timeout=30_000)
        expect(said.nth(2)).to_have_text("Vienna is booked. Where else do you want to go?", timeout=30_000)
        say("We like the sea")
        expect(said.nth(4)).to_contain_text("would", timeout=30_000)
        first.process.kill()
        with running(Program("worker", "travel:app", cwd=CONVERSATION, TASKBAHN_URL=node.websocket), "ready"):
            tab.reload()
            expect(said.nth(4)).to_have_text("I would go to Lisbon for the sea. Say book and a place.", timeout=30_000)
            say("Two people in May, book it")
            expect(tab.locator("job-question")).to_contain_text("Book Lisbon?", timeout=30_000)
            tab.get_by_role("button", name="No").click(timeout=30_000)
            expect(said.nth(7)).to_have_text("I have not booked Lisbon.", timeout=30_000)
            say("Bye")
            expect(tab.locator("job-result")).to_contain_text("Vienna", timeout=30_000)
            assert said.all_inner_texts() == [
                "Please book Vienna", "I can book Vienna for you. Please look at the offer.",
                "Vienna is booked. Where else do you want to go?",
                "We like the sea", "I would go to Lisbon for the sea. Say book and a place.",
                "Two people in May, book it", "I can book Lisbon for you. Please look at the offer.",
                "I have not booked Lisbon.",
                "Bye", "Have a good trip to Vienna!",
            ]  # fmt: skip

    first = Program("worker", "travel:app", cwd=CONVERSATION, TASKBAHN_URL=node.websocket)
    with running(first, "ready"), served(CONVERSATION / "index.html", tmp_path, f"127.0.0.1:{node.port}") as site:
        in_chromium(partial(talk, site, first))


def image_magick() -> str:
    """Return the `convert` that is ImageMagick: another program of this name may be before it on the path."""
    for folder in os.environ["PATH"].split(os.pathsep):
        program = shutil.which("convert", path=folder)
        if program and subprocess.run([program, "-version"], capture_output=True, check=False).returncode == 0:
            return program
    pytest.fail("ImageMagick is missing: bash scripts/need.sh ImageMagick imagemagick false")


def filled_in(site: str, fields: dict[str, str], button: str, then: Callable[[Page], None], browser: Browser) -> None:
    """Fill in the form of a page that is made of elements, and start its job."""
    tab = browser.new_page()
    tab.goto(site)
    for label, value in fields.items():
        tab.locator(f"task-form [name={label}]").fill(value)
    tab.get_by_role("button", name=button).click()
    then(tab)


@pytest.mark.browser
def test_what_a_program_says_is_the_log_in_the_page(node: Node, tmp_path: Path) -> None:
    photo = Path(shutil.copy(PHOTOS / "fig.jpg", tmp_path))
    page = tmp_path / "page"
    page.mkdir()

    def converted(tab: Page) -> None:
        expect(tab.locator("job-result")).to_contain_text("fig.64.png", timeout=60_000)
        expect(tab.locator("job-log .line").first).to_contain_text("fig.jpg")

    def refused(tab: Page) -> None:
        expect(tab.locator("job-result")).to_contain_text("ended with 1; the log says why", timeout=60_000)
        expect(tab.locator("job-log .line").first).to_contain_text("broken.jpg")

    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    worker = Program("worker", "pictures:app", cwd=COMMAND, TASKBAHN_URL=node.websocket, CONVERT=image_magick())
    with running(worker, "ready"), served(COMMAND / "index.html", page, f"127.0.0.1:{node.port}") as site:
        in_chromium(partial(filled_in, site, {"photo": str(photo), "width": "64"}, "Convert", converted))
        in_chromium(partial(filled_in, site, {"photo": str(broken), "width": "64"}, "Convert", refused))
    assert (tmp_path / "fig.64.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.browser
def test_results_of_many_jobs_are_added_up_in_the_page(node: Node, tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    for number in range(12):
        (tmp_path / f"{number}.txt").write_text("Track, track and switch\n" * (number + 1), encoding="utf-8")

    def added_up(tab: Page) -> None:
        expect(tab.locator("job-result")).to_contain_text("156", timeout=60_000)  # twice 1 + 2 + ... + 12
        expect(tab.locator("job-progress")).to_contain_text("succeeded")

    def refused(tab: Page) -> None:
        expect(tab.locator("job-result")).to_contain_text("/nowhere is no folder", timeout=60_000)

    with running(Program("worker", "words:app", cwd=ADDING_UP, TASKBAHN_URL=node.websocket), "ready"):
        with served(ADDING_UP / "index.html", page, f"127.0.0.1:{node.port}") as site:
            in_chromium(partial(filled_in, site, {"folder": str(tmp_path), "most": "3"}, "Count", added_up))
            in_chromium(partial(filled_in, site, {"folder": "/nowhere"}, "Count", refused))
        done = total(node.websocket, str(tmp_path))
    assert done.stdout.split() == ["156", "track", "78", "and", "78", "switch"]


def total(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program of examples/adding-up."""
    environment = {**os.environ, "TASKBAHN_URL": url}
    program = [sys.executable, "total.py", *words]
    return subprocess.run(program, cwd=ADDING_UP, env=environment, capture_output=True, text=True, check=False)


def test_the_program_that_adds_up_says_what_is_wrong(tmp_path: Path) -> None:
    nowhere = "ws://127.0.0.1:9/ws"
    text = tmp_path / "full" / "a.txt"
    text.parent.mkdir()
    text.write_text("a", encoding="utf-8")
    for words, sentence in {
        (): "Say which folder: python total.py FOLDER",
        ("/nowhere",): "total.py: /nowhere is no folder on this machine",
        (str(tmp_path),): f"total.py: {tmp_path} has no file that ends in .txt",
        (str(text.parent),): f"total.py: no router answers at {nowhere}",
    }.items():
        done = total(nowhere, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(sentence), done.stderr
        assert done.stderr.count("\n") == 1


def test_an_example_that_prints_something_else_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('```python\nprint(1)  # 1\nprint("b")\n# a\n```\n', encoding="utf-8")
    assert documents.expected(documents.blocks(page)[0].text) == ["1", "a"]
    done = subprocess.run([sys.executable, documents.__file__, page], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "line 2: expected 'a' in its place" in done.stderr
