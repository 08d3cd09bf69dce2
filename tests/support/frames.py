"""How smooth a page is: frames in each second, of pages beside each other, and what it has to do for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

SMOOTH = 1 / 50  # seconds of work for a frame, at most: then 50 of them fit into a second
TABLE_SECONDS = 0.0085  # that `TABLE` takes on a machine for which such bounds hold as they are
# a table of 60 rows is made and laid out, again and again: what the dashboard does, without its code
TABLE = """() => {
    const table = document.body.appendChild(document.createElement("table"));
    const began = performance.now();
    for (let turn = 0; turn < 50; turn++) {
        const row = number => `<tr><th>row ${number}</th><td>${turn * number}</td><td><progress max=100 value=${turn}></progress></td></tr>`;
        table.innerHTML = Array.from({ length: 60 }, (_, number) => row(number)).join("");
        void table.offsetHeight;
    }
    table.remove();
    return (performance.now() - began) / 1000 / 50;
}"""
# there and back again, so that it does not matter how long the page is
FRAMES = """([seconds, step]) => new Promise(resolve => {
    const times = [];
    let way = step;
    const frame = now => {
        times.push(now);
        const end = document.documentElement.scrollHeight - innerHeight;
        if (scrollY + way < 0 || scrollY + way > end) way = -way;
        if (way) scrollBy(0, way);
        if (now - times[0] < seconds * 1000) requestAnimationFrame(frame);
        else resolve(times);
    };
    requestAnimationFrame(frame);
})"""


def slowness(page: Page) -> float:
    """Return how many times longer this machine takes for a page than one for which the bounds are, at least 1.   page: an empty one."""
    return max(1.0, min(float(page.evaluate(TABLE)) for _ in range(4)) / TABLE_SECONDS)


def frames_a_second(pages: list[Page], seconds: int, step: int = 0) -> list[list[int]]:
    """Return how many frames each page had in each of some seconds, all at the same time.

    step: pixels by which the first of them is scrolled with each frame.
    """
    for page, each in zip(pages, [step, *[0] * len(pages)], strict=False):
        page.evaluate(f"given => {{ window.counted = ({FRAMES})(given); }}", [seconds, each])
    found = [page.evaluate("() => window.counted") for page in pages]
    return [
        [sum(times[0] + 1000 * each <= time < times[0] + 1000 * (each + 1) for time in times) for each in range(seconds)]
        for times in found
    ]


def work_each_frame(page: Page, seconds: int, step: int) -> float:
    """Return how many seconds of processor time the page's main thread takes for a frame while it is scrolled."""
    with Work(page) as work:
        frames = page.evaluate(f"given => ({FRAMES})(given).then(times => times.length)", [seconds, step])
    return work.seconds / float(frames)


class Work:
    """The processor time that the page's main thread takes while this is entered, in seconds.

    Unlike the number of frames that says the same on a machine that is busy with other things.
    """

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self.seconds = 0.0

    def __enter__(self) -> Self:
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.seconds = -self._so_far()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += self._so_far()
        self._session.detach()

    def _so_far(self) -> float:
        metrics: Any = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))
