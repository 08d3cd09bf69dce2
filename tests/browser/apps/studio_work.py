"""A present for the studio: jobs that ended, failed, run and wait, with trouble in it. As a program it prints what it started as JSON."""

import datetime as dt
import json
import time
from collections.abc import Callable
from typing import NamedTuple

import studio  # type: ignore[import-not-found]  # beside this file, as for a worker

from taskbahn import Cron, Every, Sun
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
        begin_schedules()
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
        settle_schedules()
        make_triggers()
    return Present(films[0].id, failed.id, waiting.id, workflow.id)


def make_triggers() -> None:
    """Make triggers that have started jobs, have refused an event, are paused or changed."""
    triggers = studio.app.triggers
    path = {"path": "{event.path}"}
    triggers.create("pictures.uploaded", "pictures.", studio.thumbnail, match="prefix", kwargs=path, note="from the web site")
    for number in range(3):
        for job in studio.app.publish("pictures.uploaded", {"path": f"/pictures/2026/new-{number}.jpg"}):
            job.result(PATIENCE)
    triggers.create("films.delivered", "films..delivered", studio.cut, match="wildcard", kwargs={"film": "{event.film}"})
    studio.app.publish("films.berlin.delivered", {"reel": 7})  # it lacks what the task gets
    triggers.create_hook(
        "archive.pushed",
        "archive",
        studio.index,
        scheme="github",
        secret="env:STUDIO_HOOK_SECRET",
        kwargs={"folder": "{body.folder}"},
    )
    triggers["archive.pushed"].pause("the archive moves to another disk")
    triggers["orders.tell"].edit(where={"country": "AT"})


FIRED = {"mail.digest": 5, "mail.newsletter": 2, "trailers.cut": 4}  # so often schedules fire before they are as they stay


def begin_schedules() -> None:
    """Make schedules that fire each second, for some outcomes."""
    schedules = studio.app.schedules
    schedules.create("mail.digest", Every(1), studio.send.si("ada@example.org", "What is new"), times=FIRED["mail.digest"])
    schedules.create("mail.newsletter", Every(1), studio.send.si("unknown@example.org", "News"), times=FIRED["mail.newsletter"])
    schedules.create("trailers.cut", Every(1), studio.cut.si("river.mov", 150))


def settle_schedules() -> None:
    """Have the schedules fire when such schedules do, and make more of them."""
    schedules = studio.app.schedules
    for id, least in FIRED.items():
        wait_until(lambda id=id, least=least: len(schedules[id].history()) >= least, f"{id} does not fire")  # type: ignore[misc]
    schedules["mail.digest"].edit("0 7 * * MON-FRI", zone="America/New_York", times=None, note="one for each customer")
    schedules["mail.newsletter"].edit("0 9 * * FRI#1", zone="Europe/Berlin", times=None)
    schedules["trailers.cut"].edit(Cron("*/15 9-17 * * MON-FRI", zone="Europe/Berlin"))
    schedules["reports.monthly"].edit("0 7 1 * *", zone="Europe/Berlin")
    schedules.create("films.archive", Sun("sunset", latitude=52.5, longitude=13.4), studio.transcode.si("dusk.mov"))
    schedules.create("orders.remind", "0 10,16 * * *", studio.refund.si("Ada"), zone="Europe/Berlin")
    schedules["orders.remind"].pause("the bank is down until Friday")


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
