"""Which failures are alike, and what a pattern describes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processor import fewest_seconds, of_thread

from taskbahn.errors import WorkerLost
from taskbahn_router.core.error_fingerprint import FINGERPRINT, alike, fingerprint, place
from taskbahn_router.core.globs import fits

LONG_SECONDS = 0.05
TRACEBACK = """Traceback (most recent call last):
  File "/srv/app/shop.py", line {line}, in pay
    charge(card)
  File "/srv/app/cards.py", line 20, in charge
    return Client(url).post(card)
           ^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/venv/lib/python3.11/site-packages/client/http.py", line 300, in post
    raise Refused(card)
client.Refused: no
"""


@pytest.mark.parametrize(
    "one, other",
    [
        ("order 17 is gone", "order 4,711 is gone"),
        ("waited 0.5 s", "waited 30 s"),
        ("550 no such person: unknown@example.org", "550 no such person: no-one.here@mail.example.com"),
        ("at 0x7f3a1c", "at 0x55d0ff"),
        ("commit 9fceb02d0ae598e9 is bad", "commit 1b2c3d4e5f607182 is bad"),
        ("job 0192f0c1-2d3e-7abc-8def-0123456789ab", "job FFFFFFFF-2d3e-7abc-8def-0123456789ab"),
        ("no user 'ann'", "no user 'bob smith'"),
        ('key "a" is missing', 'key "b.c" is missing'),
        ("field `a`", "field `b`"),
        ("cannot open /data/1/a.csv: denied", "cannot open /home/x/b.csv: denied"),
        (r"cannot open C:\data\a.csv", r"cannot open D:\b.csv"),
        ("cannot open data/a.csv", "cannot open data/b.csv"),
        ("GET https://a.example/x?page=1 failed", "GET https://b.example/y/z failed"),
        ("host 10.0.0.1:80 is down", "host 192.168.1.20:8080 is down"),
        ("two   lines\nof it", "two lines of it"),
    ],
)
def test_messages_that_differ_in_names_and_numbers_only_are_alike(one: str, other: str) -> None:
    assert alike(one) == alike(other)


@pytest.mark.parametrize(
    "one, other",
    [
        ("order 17 is gone", "order 17 is paid"),
        ("it isn't there and can't be", "it isn't here and can't be"),
        ("defaced", "effaced"),
        ("'a' is no number", "'a' is no name"),
        ("", "x"),
    ],
)
def test_messages_that_say_something_else_are_not(one: str, other: str) -> None:
    assert alike(one) != alike(other)


@pytest.mark.parametrize("text", ["a", "a:", "'", '"', "/", "\\", "0", "f", "a.", "1.", "0x", "a/", "`", "-", " "])
def test_no_message_takes_long(text: str) -> None:
    assert fewest_seconds(lambda: of_thread(lambda: alike(text * 100_000)), LONG_SECONDS) < LONG_SECONDS


def test_the_place_is_the_innermost_frame_of_the_users_own_code() -> None:
    assert place(TRACEBACK.format(line=10)) == ("cards.py", "charge")
    assert place('  | File "C:\\app\\a.py", line 1, in <module>\n') == ("a.py", "<module>")
    assert place('  File "/usr/lib/python3.11/json/decoder.py", line 1, in decode\n  File "<string>", line 1, in f\n') == ("", "")
    assert place("no traceback at all") == ("", "")


def error(**changes: Any) -> dict[str, Any]:
    return {"type": "client.Refused", "message": "no: card 17", "traceback": TRACEBACK.format(line=10)} | changes


def test_only_failures_that_are_alike_have_the_same_fingerprint() -> None:
    one = fingerprint("shop.pay", error())
    assert one == "fbd51a52b766", "in each process and in each version: people keep it in their bookmarks"
    assert one == fingerprint("shop.pay", error(message="no: card 18", traceback=TRACEBACK.format(line=99)))
    others = [
        fingerprint("shop.sell", error()),
        fingerprint("shop.pay", error(type="client.Broken")),
        fingerprint("shop.pay", error(message="yes: card 17")),
        fingerprint("shop.pay", error(traceback="")),
        fingerprint("shop.pay", {}),
    ]
    assert len({one, *others}) == 6


def test_workers_that_were_lost_are_alike_whatever_they_are_called() -> None:
    messages = [f"worker {name} was lost" for name in ("ann", "bob (host-7)", "odd * one (h)", "was lost (h)")]
    lost = [{"error": WorkerLost.uri, "type": "WorkerLost", "message": message} for message in messages]
    assert len({fingerprint("a.b", error) for error in lost}) == 1


def test_crashes_of_different_causes_are_different_errors() -> None:
    killed = {
        "type": "ProcessDied",
        "message": "its process was ended by signal 9 (SIGKILL); it took 120 MB",
        "signal": "SIGKILL",
    }
    segfault = {"type": "ProcessDied", "message": "its process was ended by signal 11 (SIGSEGV)", "signal": "SIGSEGV"}
    one, two = (
        {"type": "ProcessDied", "message": f"its process ended with exit code {code}", "exit_code": code} for code in (1, 2)
    )
    lost = {"type": "WorkerLost", "message": "worker ann (host) was lost"}
    restart = {"type": "WorkerLost", "message": "worker ann did not come back after a restart of the router"}
    ended = {"type": "WorkerLost", "message": "its worker was ordered to end, and stopped it"}
    crashes = [{"error": WorkerLost.uri, **error} for error in (killed, segfault, one, two, lost, restart, ended)]
    assert len({fingerprint("a.b", error) for error in crashes}) == len(crashes)
    again = {**crashes[0], "message": "its process was ended by signal 9 (SIGKILL)", "peak_memory": 5}
    assert fingerprint("a.b", again) == fingerprint("a.b", crashes[0])


@given(st.text(), st.text(), st.text())
def test_whatever_an_error_says_it_has_a_fingerprint(kind: str, message: str, traceback: str) -> None:
    assert FINGERPRINT.fullmatch(fingerprint("a.b", {"type": kind, "message": message, "traceback": traceback}))


@pytest.mark.parametrize(
    "pattern, yes, no",
    [
        ("a.b", ["a.b"], ["a.bc", "xa.b", "A.B", "axb", ""]),
        ("a.*", ["a.", "a.b", "a.b.c"], ["a", "b.a."]),
        ("*.b", [".b", "a.b"], ["a.b.c", "b"]),
        ("*x*", ["x", "axb", "xx"], ["", "ab"]),
        ("a*b*c", ["abc", "a-b-c", "abbcc", "abcbc"], ["acb", "ab", "bc"]),
        ("a*a", ["aa", "aba"], ["a", "ab"]),
        ("*", ["", "anything"], []),
        ("**", ["", "anything"], []),
        ("[a]?", ["[a]?"], ["a", "ab"]),
        ("", [""], ["a"]),
        ("a[*]b", ["a*b"], ["a[*]b", "axb"]),
        ("[[*]]", ["[*]"], ["*", "[[*]]"]),
        ("a[*]*", ["a*", "a*b"], ["ab"]),
        ("[**]", ["[]", "[x]"], ["*"]),
    ],
)
def test_a_pattern_describes_texts(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not fits(text, pattern)] == []
    assert [text for text in no if fits(text, pattern)] == []


def test_no_pattern_takes_long() -> None:
    assert not fits(text := "a" * 500, pattern := "*a" * 240 + "*b")
    assert fewest_seconds(lambda: of_thread(lambda: fits(text, pattern)), LONG_SECONDS) < LONG_SECONDS
