"""A present for the studio: jobs that ended, failed, run and wait, with trouble in it. As a program it prints what it started as JSON."""

import datetime as dt
import json
import time
from collections.abc import Callable
from typing import NamedTuple

import studio  # type: ignore[import-not-found]  # beside this file, as for a worker

from taskbahn.jobs.job import Job
from taskbahn.protocol import messages

PATIENCE = 30.0  # seconds


class Present(NamedTuple):
    """Ids of jobs: one that runs with stages, one that failed with a traceback, one that waits for its time, and one of a workflow."""

    running: str
    failed: str
    waiting: str
    workflow: str


def make_present(pictures: int = 40) -> Present:
    """Start everything and wait until it is where it stays."""
    with studio.app:
        studio.thumbnail.start_many([(f"/pictures/2026/IMG_{number:04}.jpg", 320) for number in range(pictures)]).results(
            PATIENCE
        )
        for customer in ("Ada", "Grace", "Edsger"):
            studio.confirm.start(studio.Order(customer, [studio.Line("print", 3)])).result(PATIENCE)
        for person in ("ada", "grace", "unknown", "edsger", "unknown-too"):
            tags = ["mail", f"to:{person}"]
            studio.send.options(tags=tags).start(f"{person}@example.org", "Your film is ready").error(PATIENCE)
        failed = studio.index.start("/pictures/2019")
        failed.error(PATIENCE)
        for film in ("river.mov", "atrium.mov"):
            studio.transcode.start(film, studio.Preset.PHONE).result(PATIENCE)
        studio.index.start("/pictures/2023")
        films = [studio.transcode.start(film, studio.Preset.CINEMA, subtitles=True) for film in studio.HELD]
        studio.monthly.start(dt.date(2026, 10, 1))
        waiting = studio.transcode.options(delay=7200, tags=["user:42"]).start("dunes.mov")
        for film in films:
            wait_until_held(film)
        meet_limits()
        workflow = studio.trailer("Winter", "river.mov", "night-market.mov", "atrium.mov").start()
        studio.trailer("Summer", "river.mov", "atrium.mov").start()
        studio.music.start("Harbour")
        wait_until(lambda: len(studio.app.view.questions()) == 2, "no question is asked")
    return Present(films[0].id, failed.id, waiting.id, workflow.id)


def meet_limits() -> None:
    """Have jobs wait before two limits, and operators change one of them and a third."""
    for film in ("lighthouse.mov", "orchard.mov"):
        studio.transcode.start(film, studio.Preset.WEB)
    for customer, charges in (("Ada", 3), ("Grace", 3), ("Edsger", 2)):
        studio.charge.start_many([(customer,)] * charges).results(PATIENCE)
    studio.charge.start_many([("Ada",)] * 4)
    studio.refund.start("Grace")
    for name, value, who in (("mail-server", "50/s burst=5", "ada"), ("gpu", 2, "grace"), ("gpu", None, "grace")):
        studio.app.client.ask(messages.ADMIN_LIMIT, name, value, who=who).get(PATIENCE)


def wait_until_held(film: Job[str]) -> None:
    """Wait until a film is where it stays."""
    wait_until(lambda: (film.view().progress or {}).get("message"), f"job {film.id} does not run")


def wait_until(condition: Callable[[], object], otherwise: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


if __name__ == "__main__":
    print(json.dumps(make_present()._asdict()))
