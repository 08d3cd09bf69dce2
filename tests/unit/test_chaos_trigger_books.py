"""The books of triggers must find what they are there to find: each test breaks one promise of otherwise good events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chaos.journal import Entry
from chaos.reading import Standing
from chaos.tasks import THREAD
from chaos.trigger_books import Counted, count
from chaos.trigger_load import Event, headers_of, make, unanswered
from chaos.triggers import HOOKS, SECRETS, TRIGGERED, meant

from taskbahn_router.core.hook_schemes import Delivery, identity, keys_of, verify
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.triggers import job_of_event

PUBLISHED = make("publish", "chaos.orders.created", {"number": 1, "large": True, "seconds": 0.0})
POSTED = make("post", "chaos-hmac", {"number": 2, "large": False, "seconds": 0.0})
NOTED = {"chaos.on.exact": 1, "chaos.on.prefix": 1, "chaos.on.wildcard": 1, "chaos.hook.hmac": 1, "chaos.on.made": 0}


class Books:
    """An event that three triggers take, and a request that one takes, each answered twice."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.last: dict[str, Standing] = {}
        self.noted = dict(NOTED)
        for event in (PUBLISHED, POSTED):
            self.say("triggering", **event._asdict())
            self.say("triggered", arrival=event.arrival, ids=jobs(event))
            self.say("again", arrival=event.arrival)
            self.say("triggered", arrival=event.arrival, ids=jobs(event)[::-1])
            for trigger, id in zip(event.triggers, jobs(event), strict=True):
                self.start(id, trigger, event.arrival)

    def say(self, event: str, **more: Any) -> None:
        self.entries.append({"event": event, "at": float(len(self.entries)), **more})

    def start(self, id: str, trigger: str, arrival: str) -> None:
        self.last[id] = Standing(id, TRIGGERED[0], "succeeded", 1, 3, 9.0)
        self.say("started", id=id, trigger=trigger, arrival=arrival)

    def forget_answers(self) -> None:
        self.entries = [entry for entry in self.entries if entry["event"] != "triggered"]

    def counted(self) -> Counted:
        return count(self.entries, self.last, self.noted)

    def found(self) -> str:
        return " | ".join(f"{id} {why}" for id, why in self.counted().wrong)


def jobs(event: Event) -> list[str]:
    return [id_text(job_of_event(trigger, event.arrival)) for trigger in event.triggers]


@pytest.fixture
def books() -> Books:
    return Books()


def test_nothing_is_wrong_with_good_events(books: Books) -> None:
    books.last["other"] = Standing("other", THREAD, "succeeded", 1, 3, 9.0)
    assert books.counted() == Counted(published=1, posted=1, again=2, due=4, started=4, wrong=[])


@pytest.mark.parametrize("event", [PUBLISHED, POSTED])
def test_a_lost_job_of_an_answered_event_is_found(books: Books, event: Event) -> None:
    del books.last[jobs(event)[0]]
    books.noted[event.triggers[0]] = 0
    assert books.found() == f"{jobs(event)[0]} the trigger {event.triggers[0]} has no job of {event.arrival}, and it was answered"


def test_a_job_that_a_repetition_started_besides_is_found(books: Books) -> None:
    books.start("second", "chaos.on.exact", PUBLISHED.arrival)
    assert "second a trigger has started it, and no event that any client sent means it" in books.found()
    assert f"second it was given {PUBLISHED.arrival} by chaos.on.exact, which is the job {jobs(PUBLISHED)[0]}" in books.found()


def test_a_repetition_that_is_answered_with_another_job_is_found(books: Books) -> None:
    books.say("triggered", arrival=POSTED.arrival, ids=["another"])
    assert books.found().startswith(f" {POSTED.arrival} was answered with the jobs ['another']")


def test_an_event_without_an_answer_may_have_started_nothing(books: Books) -> None:
    books.forget_answers()
    books.last.clear()
    books.noted.clear()
    assert (books.counted().due, books.found()) == (0, "")


def test_half_of_an_event_without_an_answer_is_found(books: Books) -> None:
    books.forget_answers()
    del books.last[jobs(PUBLISHED)[2]]
    books.noted["chaos.on.wildcard"] = 0
    assert books.found().endswith(f"has no job of {PUBLISHED.arrival}, and it has started others")


def test_a_trigger_that_counts_a_repetition_is_found(books: Books) -> None:
    books.noted["chaos.hook.hmac"] = 2
    assert books.found() == " the trigger chaos.hook.hmac counts 2 events that started jobs, and there are 1"


def test_only_what_has_no_answer_is_sent_by_the_next_client(books: Books) -> None:
    open_one = make("post", "chaos-standard", {"number": 3, "large": True, "seconds": 0.5})
    books.say("triggering", **json.loads(json.dumps(open_one._asdict())))
    assert unanswered(books.entries) == [open_one]


@pytest.mark.parametrize("name", HOOKS)
def test_requests_are_signed_and_known_again_as_the_node_has_it(name: str) -> None:
    event, scheme = make("post", name, {"number": 4, "large": True, "seconds": 0.5}), HOOKS[name]
    delivery = Delivery(headers_of(event, 1000.0), event.text, 1000.0, "x-signature")
    verify(scheme, keys_of(scheme, SECRETS[f"CHAOS_{scheme.upper()}_SECRET"].split()), delivery)
    assert event.arrival == f"hook {name} {identity(scheme, delivery, event.body, by_body=False)}"


def test_triggers_take_the_events_that_they_name() -> None:
    created, paid, parcels = "chaos.orders.created", "chaos.orders.paid", "chaos.parcels.created"
    assert meant("publish", created, is_large=False) == ["chaos.on.exact", "chaos.on.wildcard"]
    assert meant("publish", paid, is_large=True) == ["chaos.on.prefix", "chaos.on.made"]
    assert meant("publish", parcels, is_large=True) == ["chaos.on.wildcard"]
    assert meant("post", "chaos-standard", is_large=True) == ["chaos.hook.standard", "chaos.hook.large"]
    assert meant("publish", "chaos-standard", is_large=True) == []
