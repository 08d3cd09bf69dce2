"""Browser tokens: a page sees and does what its token names, for as long as that says, and nothing else."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.browser_pages import CLIENT, EVE, PAGE, SHOP, Pages, failure
from support.dispatcher_harness import TASK, job_id

from taskbahn.protocol import access, messages
from taskbahn.protocol.access import VERBS, Role
from taskbahn_router.access.book import Principal
from taskbahn_router.model.scope import Scope
from taskbahn_router.procedures import PROCEDURES, may_call

if TYPE_CHECKING:
    pass

READS = [
    messages.JOB_WATCH, messages.JOB_GET, messages.JOB_EVENTS, messages.JOB_RESULTS, messages.JOB_NOTES, messages.JOB_EXPLAIN,
    messages.JOB_MEMBERS, messages.JOB_GRAPH,
]  # fmt: skip
CHANGES = {messages.JOB_CANCEL: "cancel", messages.JOB_RETRY: "retry", messages.JOB_ANSWER: "answer", messages.JOB_SEND: "send"}


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.mark.parametrize("uri", READS)
def test_a_page_reads_the_jobs_that_its_token_names_alone(pages: Pages, uri: str) -> None:
    page = pages.open(pages.made(watch=[job_id(1)], tags=["user:42"])["token"])
    for number in (1, 2):
        assert "unknown_job" not in pages.hears(page, uri, job_id(number))
    nothing = pages.hears(page, uri, str(uuid4()))
    assert "unknown_job" in nothing
    for number in (3, 4):  # of another user, and of another client with the same tag
        assert pages.hears(page, uri, job_id(number)) == nothing


@pytest.mark.parametrize("uri", CHANGES)
def test_a_page_does_what_its_token_names_alone(pages: Pages, uri: str) -> None:
    verb = CHANGES[uri]
    looks = pages.open(pages.made(watch=[job_id(1), job_id(2)])["token"])
    assert "not_allowed" in pages.hears(looks, uri, job_id(1))
    one = pages.open(pages.made(watch=[job_id(1)], **{verb: [job_id(2)]})["token"], 78)
    assert "not_allowed" in pages.hears(one, uri, job_id(1), 78)
    assert "not_allowed" not in pages.hears(one, uri, job_id(2), 78)
    assert "unknown_job" in pages.hears(one, uri, job_id(3), 78)
    tagged = pages.open(pages.made(tags=["user:43"], **{verb: True})["token"], 79)
    assert "not_allowed" not in pages.hears(tagged, uri, job_id(3), 79)
    for number in (1, 4):
        assert "unknown_job" in pages.hears(tagged, uri, job_id(number), 79)


def test_a_page_has_only_the_procedures_of_pages() -> None:
    allowed = {procedure.uri for procedure in PROCEDURES if may_call(Role.BROWSER, procedure)}
    assert allowed == {
        messages.SUBMIT, messages.JOB_WAIT, *READS, *CHANGES, messages.VIEW_TASKS, messages.VIEW_JOBS, access.BROWSER_TOKEN_RENEW,
    }  # fmt: skip


@pytest.mark.parametrize(
    "words, why",
    [
        ({}, "names something"),
        ({"watch": "x"}, "list"),
        ({"watch": ["x"]}, "watch:"),
        ({"watch": [str(uuid4())] * 51}, "at most 50"),
        ({"cancel": True}, "sees no job"),
        ({"cancel": 3}, "cancel"),
        ({"start": ["x", ""]}, "printable characters, and '' is none"),
        ({"start": ["a\nb"]}, "printable"),
        ({"tags": ["x" * 101]}, "100"),
        ({"tags": [str(number) for number in range(21)]}, "at most 20"),
        ({"watch": [], "once": True}, "once"),
        ({"start": ["*"], "once": 1}, "once"),
        ({"start": ["*"], "expires": 0}, "expires"),
        ({"start": ["*"], "expires": True}, "expires"),
        ({"start": ["*"], "expires": 31 * 86400}, "30 days"),
        ({"start": ["*"], "expires": float("nan")}, "expires"),
        ({"begin": ["*"]}, "begin"),
        ({"watch": [job_id(4)]}, "unknown_job"),
        ({"cancel": [job_id(4)]}, "unknown_job"),
        ({"watch": [str(uuid4())]}, "unknown_job"),
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(pages: Pages, words: dict[str, Any], why: str) -> None:
    assert why in pages.refusal(**words)


def test_a_maker_gives_no_more_than_it_has(pages: Pages) -> None:
    assert "unknown_job" in pages.refusal(EVE, watch=[job_id(1)])
    boss = pages.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_CREATE, "ops", Role.OPERATOR.value)
    pages.node.settle()
    assert boss.answer["role"] == "operator"
    page = pages.open(pages.made("ops", Role.OPERATOR.value, tags=["user:42"])["token"])
    for number in (2, 4):  # who sees all jobs gives those of all
        assert "unknown_job" not in pages.hears(page, messages.JOB_GET, job_id(number))


def parts(text: str) -> list[dict[str, Any]]:
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in text.split(".")[:2]]


def part(said: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def test_no_forged_token_opens_a_session(pages: Pages) -> None:
    text = pages.made(watch=[job_id(1)])["token"]
    header, claims = parts(text)
    signature = text.split(".")[2]
    more = claims | {"tags": ["user:43"]}
    forged = [
        f"{part(header)}.{part(more)}.{signature}",
        f"{part(header | {'alg': 'none'})}.{part(more)}.",
        f"{part(header | {'alg': 'None'})}.{part(claims)}.",
        f"{part(header | {'kid': None})}.{part(claims)}.{signature}",
        f"{part(header | {'kid': '../../etc'})}.{part(claims)}.{signature}",
        jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": header["kid"]}),
        jwt.encode(claims, header["kid"] * 2, algorithm="HS256", headers={"kid": header["kid"]}),
        *(text[:length] for length in range(0, len(text), 7)),
        text + "A",
        text + ".",
        ".." * 2000,
        f"{'e30.' * 2}",
    ]
    for each in forged:
        assert isinstance(pages.book.find(each), str), each
    key = pages.book.browser.signing_key()
    assert key is not None
    for algorithm in ("HS384", "HS512"):
        signed = jwt.encode(claims, key.proof * 2, algorithm=algorithm, headers={"kid": header["kid"]})
        assert isinstance(pages.book.find(signed), str)
    for wrong in ({"iss": "x"}, {"exp": "x"}, {"watch": "x"}, {"watch": ["x"]}, {"sub": 3}, {"role": None}, {"cancel": 3}):
        signed = jwt.encode(claims | wrong, key.proof, algorithm="HS256", headers={"kid": header["kid"]})
        assert isinstance(pages.book.find(signed), str), wrong
    other = Pages()
    assert "no key of this node" in str(other.book.find(text))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.integers(0, 400), st.binary(max_size=4))
def test_any_other_text_opens_no_session(text: str, at: int, noise: bytes) -> None:
    pages = ALL_PAGES
    good = GOOD
    spliced = good[:at] + noise.hex() + good[at + 1 :]
    for each in (text, f"{text}.{text}.{text}", f"{good.rpartition('.')[0]}.{text}", spliced):
        if each != good:
            found = pages.book.find(each)
            assert isinstance(found, str) or each.rpartition(".")[0] == good.rpartition(".")[0]


def test_a_token_ends_with_its_time_and_its_maker(pages: Pages) -> None:
    made = pages.made(watch=[job_id(1)], expires=60)
    page = pages.open(made["token"])
    lasts = pages.open(pages.made(watch=[job_id(1)], expires=600)["token"], 78)
    pages.wait(61)
    pages.book.end_expired()
    assert [session for session, _ in pages.node.ended_sessions] == [PAGE]
    assert "expired" in str(pages.book.find(made["token"]))
    pages.node.ended_sessions.clear()
    assert pages.ask(page, messages.JOB_GET, job_id(1)).sent == []  # the client asks again with another token
    assert [session for session, _ in pages.node.ended_sessions] == [PAGE]
    assert pages.ask(lasts, messages.JOB_GET, job_id(1), session=78).sent[-1][0] != "fail"
    pages.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_REVOKE, SHOP)
    pages.node.settle()
    pages.book.end_expired()
    assert 78 in [session for session, _ in pages.node.ended_sessions]


def test_a_revoked_token_ends_and_others_stay(pages: Pages) -> None:
    first, second = (pages.made(watch=[job_id(1)]) for _ in range(2))
    pages.open(first["token"], 71)
    pages.open(second["token"], 72)
    for wanted, session in ((first["id"], 71), (second["token"], 72)):
        asked = pages.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_REVOKE, wanted)
        pages.node.settle()
        assert asked.answer[0]["role"] == "browser"
        assert pages.node.ended_sessions[-1][0] == session
    assert "revoked" in str(pages.book.find(first["token"]))
    again = pages.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_REVOKE, first["id"])
    pages.node.settle()
    assert "already" in failure(again)
    pages.wait(31 * 86400)
    pages.node.parts.token_issue.sweep()
    pages.node.settle()
    assert pages.book.browser.ended(first["id"]) is None


def test_keys_change_and_old_tokens_stay_good(pages: Pages) -> None:
    old = pages.made(watch=[job_id(1)], expires=30 * 86400)
    pages.open(old["token"])
    pages.wait(29.5 * 86400)
    assert isinstance(pages.book.find(old["token"]), Principal)
    pages.wait(0.4 * 86400)
    before = pages.book.browser.signing_key()
    pages.wait(0.2 * 86400)
    new = pages.made(tags=["user:42"])
    assert pages.book.browser.signing_key() != before
    assert len(pages.book.browser.known_keys()) == 2
    assert parts(new["token"])[0]["kid"] != parts(old["token"])[0]["kid"]
    rotated = pages.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_ROTATE)
    pages.node.settle()
    assert rotated.answer["id"]
    assert isinstance(pages.book.find(new["token"]), Principal)
    pages.open(new["token"], 78)
    pages.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_ROTATE, revoke=True)
    pages.node.settle()
    assert isinstance(pages.book.find(new["token"]), str)
    assert 78 in [session for session, _ in pages.node.ended_sessions]


def test_admins_see_the_keys_and_not_what_they_sign_with(pages: Pages) -> None:
    def keys() -> list[dict[str, Any]]:
        asked = pages.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_KEYS)
        pages.node.settle()
        found: list[dict[str, Any]] = asked.answer
        return found

    assert keys() == []
    pages.made(tags=["user:42"])
    [first] = keys()
    assert sorted(first) == ["created_at", "created_by", "expires_at", "id", "in_use", "signs_until"]
    assert (first["in_use"], first["created_by"]) == (True, None)
    assert [first[end] - first["created_at"] for end in ("signs_until", "expires_at")] == [30 * 86400, 60 * 86400]
    pages.wait(1)
    pages.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_ROTATE)
    pages.node.settle()
    assert [(key["in_use"], key["created_by"]) for key in keys()] == [(False, None), (True, "boss")]
    pages.wait(60 * 86400 + 1)
    assert keys() == []


def test_the_audit_has_each_key_also_of_the_node_itself(pages: Pages) -> None:
    pages.made(tags=["user:42"])
    pages.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_ROTATE, revoke=True)
    pages.node.settle()
    asked = pages.node.ask(messages.VIEW_AUDIT)
    pages.node.settle()
    found = [
        (entry.get("name"), entry["kind"], entry["effect"]) for entry in asked.answer["entries"] if entry["verb"] == "rotate"
    ]
    made = "made a new key of browser tokens"
    assert found == [(None, "token", f"{made}, and ended all tokens of the keys before"), ("the node", "token", made)]


@pytest.mark.parametrize("text", ["a.b.c", "eyJabc.def.ghi", ".."])
def test_a_text_that_is_no_token_is_not_revoked(pages: Pages, text: str) -> None:
    asked = pages.node.ask_as("boss", Role.ADMIN.value, access.TOKEN_REVOKE, text)
    pages.node.settle()
    assert "this text is no browser token" in failure(asked)


def test_a_session_goes_on_with_another_token(pages: Pages) -> None:
    page = pages.open(pages.made(start=[TASK], expires=60)["token"])
    [id] = pages.submit(page, {"task": TASK, "args": [], "options": {"delay": 60}})
    watch = pages.ask(page, messages.JOB_WATCH, id)
    renewed = pages.made(start=[TASK], expires=600)
    assert pages.ask(page, access.BROWSER_TOKEN_RENEW, renewed["token"]).answer["id"] == renewed["id"]
    pages.wait(61)
    pages.book.end_expired()
    assert pages.node.ended_sessions == []
    assert watch.call.open
    assert "unknown_job" not in pages.hears(page, messages.JOB_GET, id)
    for wrong in ("", "a.b.c", pages.made(EVE, watch=[job_id(4)])["token"], 3):
        assert "invalid_token" in failure(pages.ask(page, access.BROWSER_TOKEN_RENEW, wrong))


@pytest.mark.parametrize(
    "second, is_kept",
    [
        ({"watch": [job_id(1)], "tags": ["user:42", "shop:1"], "start": [TASK]}, True),
        ({"cancel": [job_id(1)], "tags": ["user:42"]}, True),
        ({"watch": [job_id(1)], "tags": ["user:43"]}, False),
        ({"watch": [job_id(1)]}, False),
        ({"watch": [job_id(3)], "tags": ["user:42"]}, False),
        ({"start": [TASK]}, False),
    ],
    ids=["more", "a-verb", "other-tags", "no-tags", "other-jobs", "nothing"],
)
def test_a_session_keeps_nothing_that_its_newer_token_does_not_name(
    pages: Pages, second: dict[str, Any], *, is_kept: bool
) -> None:
    page = pages.open(pages.made(watch=[job_id(1)], tags=["user:42"], start=[TASK])["token"])
    renewed = pages.made(**second)
    assert pages.ask(page, access.BROWSER_TOKEN_RENEW, renewed["token"]).answer["id"] == renewed["id"]
    seen = ["unknown_job" not in pages.hears(page, messages.JOB_GET, job_id(number)) for number in (1, 2)]
    assert all(seen) is is_kept
    assert [session for session, _ in pages.node.ended_sessions] == ([] if is_kept else [PAGE])


def test_what_follows_from_a_job_is_seen_with_it(pages: Pages) -> None:
    entry = {
        "flow": {"chain": [{"task": TASK, "args": []}, {"task": TASK, "args": []}]},
        "id": job_id(30),
        "options": {"delay": 60},
    }
    asked = pages.node.ask_as(SHOP, CLIENT, messages.SUBMIT, [entry])
    pages.node.settle()
    assert asked.answer == [job_id(30)]
    page = pages.open(pages.made(watch=[job_id(30)], cancel=[job_id(30)])["token"])
    members = pages.ask(page, messages.JOB_MEMBERS, job_id(30)).answer["jobs"]
    assert len(members) == 2
    for member in members:
        assert "unknown_job" not in pages.hears(page, messages.JOB_GET, member["id"])
        assert "not_allowed" in pages.hears(page, messages.JOB_CANCEL, member["id"])


def test_a_scope_never_shows_a_job_of_another_maker() -> None:
    scope = Scope("b1", SHOP, CLIENT, False, 9e9, frozenset([b"x" * 16]), dict.fromkeys(VERBS, True), ("*",), frozenset(["t"]))
    from taskbahn_router.model.scope import Named

    assert scope.sees(Named(SHOP, b"y" * 16, (b"x" * 16,), ()))
    assert not scope.sees(Named(EVE, b"x" * 16, (), ["t"]))
    assert not scope.sees(Named(None, b"x" * 16, (), ["t"]))


ALL_PAGES = Pages()
GOOD = ALL_PAGES.made(watch=[job_id(1)])["token"]
