"""What calls of the node's own tasks may say: addresses, secrets, templates. What is wrong is refused before anything is stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import Taskbahn
from taskbahn.errors import InvalidArguments, InvalidName
from taskbahn.protocol import outgoing
from taskbahn.protocol.outgoing import MAIL, WEBHOOK
from taskbahn.tasks.built_in import OFFERED, declaration_of

JOB = "0192f0c1-2d3e-7abc-8def-0123456789ab"
app = Taskbahn()


@pytest.mark.parametrize(
    "url, why",
    [
        ("ftp://example.org/x", "begins with https"),
        ("file:///etc/passwd", "begins with https"),
        ("javascript:alert(1)", "begins with https"),
        ("//example.org/x", "begins with https"),
        ("https://user:secret@example.org/", "a name or a password"),
        ("https://example.org@127.0.0.1/", "a name or a password"),
        ("https://example.org/\r\nHost: other", "a character that no address has"),
        ("https://example.org\\@127.0.0.1/", "a character that no address has"),
        ("https://example.org/ x", "a character that no address has"),
        ("https://bücher.example/", "a character that no address has"),
        ("https://example.org/#part", "a part after #"),
        ("https://example.org:99999/", "its port"),
        ("https://example.org:0/", "no host, or one that cannot be"),
        ("https:///path", "no host"),
        ("https://[fe80::1%25eth0]/", "no host"),
        ("https://[::1/", "no host"),
        ("https://-a.example/", "no host"),
        ("https://a..example/", "no host"),
        ("https://example.org/" + "x" * 450, "470 characters"),
    ],
)
def test_an_address_that_cannot_be_is_refused(url: str, why: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        app.webhook.s(url)
    assert list(refused.value.detail["fields"]) == ["url"]
    assert why in str(refused.value)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused_with_a_sentence(text: str) -> None:
    wrong = outgoing.misfits(WEBHOOK, (JOB, text), {})
    assert wrong or outgoing.split_url(text).hostname
    assert wrong.get("url", "it").startswith("it")


@pytest.mark.parametrize(
    "secret", ["hunter2", "env:", "env:PATH", "env:AWS_SECRET_ACCESS_KEY", "env:lower_SECRET", "ENV:A_SECRET"]
)
def test_a_secret_is_named_and_never_given(secret: str) -> None:
    with pytest.raises(InvalidArguments, match="the secret itself never travels"):
        app.webhook.s("https://example.org/", secret=secret)
    app.webhook.s("https://example.org/", secret="env:ORDERS_SECRET")


@pytest.mark.parametrize(
    "to",
    [
        "ops",
        "ops@example.org\nBcc: all@example.org",
        "ops@example.org, all@example.org",
        "Ops <ops@example.org>",
        "ops@exa mple.org",
        "@example.org",
        [],
        ["ops@example.org", "x"],
        [f"a{number}@example.org" for number in range(51)],
    ],
)
def test_what_is_no_recipient_is_refused(to: str | list[str]) -> None:
    with pytest.raises(InvalidArguments) as refused:
        app.mail.s(to)
    assert list(refused.value.detail["fields"]) == ["to"]


@pytest.mark.parametrize(
    "words, why",
    [
        ({"subject": "{tsk}"}, "did you mean 'task'"),
        ({"text": "{task"}, "position 1 has no partner"),
        ({"text": "100 }"}, "position 5 has no partner"),
        ({"text": "{task.__class__}"}, "has no partner"),
        ({"subject": "two\nlines"}, "a character that no line has"),
        ({"subject": "x" * 201}, "201 characters"),
        ({"digest": "soon"}, "position 1"),
        ({"digest": -1}, "at most a day"),
        ({"digest": "2d"}, "at most a day"),
    ],
)
def test_a_template_that_cannot_be_is_refused(words: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidArguments, match=why):
        app.mail.s("ops@example.org", **words)  # type: ignore[arg-type]


def test_templates_take_fields_and_doubled_braces() -> None:
    assert outgoing.filled_in("{{{task}}} is {state}", {"task": "a.task", "state": "failed"}) == "{a.task} is failed"


def test_a_filled_in_value_is_no_template_itself() -> None:
    assert outgoing.filled_in("{task}", {"task": "{state}", "state": "failed"}) == "{state}"


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_what_ships_with_the_node_can_be_declared(name: str) -> None:
    declaration = declaration_of(name)
    assert declaration.name == name
    assert declaration.options["queue"] == outgoing.NODE_QUEUE
    assert declaration.signature is not None


@pytest.mark.parametrize("name", [WEBHOOK, MAIL, "taskbahn.other"])
def test_no_application_declares_a_task_of_the_node(name: str) -> None:
    with pytest.raises(InvalidName):
        app.task(name=name)(lambda: None)
