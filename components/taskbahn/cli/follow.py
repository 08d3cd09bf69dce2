"""A job live in the terminal: its stages as nested bars, its log lines above them, its chunks as they come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TaskID, TaskProgressColumn, TextColumn
from rich.text import Text

from taskbahn.cli.shared import COLOURS, clock, console, plain, span
from taskbahn.jobs.job import log_line
from taskbahn.jobs.progress import progress_of, shown_fraction
from taskbahn.protocol import messages, progress, views
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from taskbahn.jobs.job import Job

MAX_BARS = 12  # with more stages, nested ones vanish when they are over
LEVEL_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red", "DEBUG": "dim"}


class CountColumn(TextColumn):
    """`3/10`, where there is a total."""

    def render(self, task: Task) -> Text:
        """Return the text for one bar."""
        if task.fields.get("counts") is False or task.total is None:
            return Text("")
        return Text(f"{task.completed:g}/{task.total:g}", style="progress.download")


class SpanColumn(TextColumn):
    """How long a stage runs, or how long it took."""

    def render(self, task: Task) -> Text:
        """Return the text for one bar."""
        began, ended = task.fields.get("began"), task.fields.get("ended")
        return Text(span(max(0.0, (ended or time.time()) - began)) if began else "", style="progress.elapsed")


class JobScreen:
    """Draws one job; `show` takes its events."""

    def __init__(self, job: Job[Any]) -> None:
        self.console = console(stderr=True)
        self.progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            CountColumn(""),
            SpanColumn(""),
            console=self.console,
        )
        self._job = job
        self._headline = self.progress.add_task(self._title("accepted"), total=None, counts=False, began=time.time())
        self._bars: dict[int, TaskID] = {}
        self._attempt = 0

    def snapshot(self, view: views.JobView) -> None:
        """Draw the job as it was when one began to watch."""
        self._attempt = view.attempt
        self.progress.update(
            self._headline, description=self._title(view.state, view.worker), began=view.created_at, ended=view.finished_at
        )
        self.how_far(view)

    def how_far(self, view: views.JobView) -> None:
        """Draw how far the job came; of a job that was quicker than its watcher no event may have said it."""
        if view.progress:
            self._draw(progress_of(view.progress), view.state)

    def show(self, event: messages.Event) -> None:
        """Draw what an event says."""
        if event.kind == "log":
            line = log_line(event)
            colour = LEVEL_COLOURS.get(line.level, "default")
            self.progress.console.print(f"[dim]{clock(line.at)}[/] [{colour}]{plain(line.message)}[/]")
        elif event.kind == "chunk":
            self.progress.console.print(plain(event.data if isinstance(event.data, str) else messages.to_json(event.data)))
        elif event.kind == "progress":
            self._draw(progress_of(event.data), State.RUNNING)
        else:
            self._state(event.data, event.at)

    def _state(self, data: dict[str, Any], at: float) -> None:
        state = str(data.get("state"))
        if data.get("attempt", 0) > self._attempt:
            self._attempt = data["attempt"]
            for bar in self._bars.values():
                self.progress.remove_task(bar)
            self._bars.clear()
            self.progress.reset(self._headline)
            self._task(self._headline).total = None  # `reset` and `update` take None for no change
        if state != "running":
            self._stop_clocks(at)
        self.progress.update(self._headline, description=self._title(state, data.get("worker")))
        headline = self._task(self._headline)
        fraction = shown_fraction(state, None if headline.total is None else headline.completed)
        if fraction is not None:
            self.progress.update(self._headline, total=1.0, completed=fraction)
        if state == "succeeded":
            self.progress.update(self._headline, ended=time.time())
        error = data.get("error")
        if error and state not in ("failed", "cancelled", "expired"):  # `call` prints the errors of these states at the end
            message = plain(f"{error.get('type', 'error')}: {error.get('message', '')}")
            self.progress.console.print(f"[yellow]attempt {data.get('attempt')} failed, it is tried again:[/] {message}")

    def _draw(self, progress: progress.Progress, state: str) -> None:
        fraction = shown_fraction(state, progress.fraction)
        if fraction is not None:
            self.progress.update(self._headline, total=1.0, completed=fraction)
        if progress.message:
            self.progress.update(self._headline, description=f"{self._title('running')}  {plain(progress.message)}")
        deep = depths(progress)
        for stage in progress.stages:
            name = f"{'  ' * (deep[stage.id] + 1)}{plain(stage.name)}"
            bar = self._bars.get(stage.id)
            if bar is None:
                bar = self._bars[stage.id] = self.progress.add_task(name, total=stage.total)
            total, is_done = stage.total, stage.ended_at is not None and not stage.failed
            if is_done or stage.is_to_come:  # a bar without a total moves
                total = total or max(stage.done, 1.0)
            is_over = is_done and deep[stage.id] > 0 and len(progress.stages) > MAX_BARS
            self.progress.update(
                bar,
                total=total,
                completed=total if is_done else stage.done,
                description=f"[dim]{name}[/]" if stage.is_to_come else f"[red]{name}[/]" if stage.failed else name,
                counts=bool(stage.total),
                began=stage.started_at,
                ended=stage.ended_at,
                visible=not is_over,
            )

    def _stop_clocks(self, at: float) -> None:
        """The attempt is over, and with it the stages that it has left open."""
        for bar in self._bars.values():
            self.progress.update(bar, ended=self._task(bar).fields.get("ended") or at)

    def _task(self, bar: TaskID) -> Task:
        return self.progress.tasks[self.progress.task_ids.index(bar)]

    def _title(self, state: str, worker: str | None = None) -> str:
        where = f" on {plain(worker)}" if worker else ""
        return f"[bold]{plain(self._job.task)}[/] [{COLOURS.get(state, 'default')}]{state}[/]{where}"


def follow_job(job: Job[Any], timeout: float | None) -> None:
    """Draw *job* until it ends; raises NotFinished after *timeout* seconds."""
    until = None if timeout is None else time.monotonic() + timeout
    screen = JobScreen(job)
    with screen.progress, job.events() as events:
        view = events.begin(until)
        if view is not None:
            screen.snapshot(view)
        for event in events.until(until):
            screen.show(event)
        if events.final is not None:
            screen.how_far(events.final)
        elif timeout is not None:
            raise job.unfinished(timeout)


def depths(progress: progress.Progress) -> dict[int, int]:
    """Return how deep each stage is nested, by its id."""
    result: dict[int, int] = {}
    for stage in progress.stages:  # a stage begins after the one it is nested in
        result[stage.id] = result.get(stage.parent, -1) + 1 if stage.parent is not None else 0
    return result
