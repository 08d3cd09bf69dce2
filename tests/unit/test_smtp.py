"""What is handed to a mail server, by what configuration; what goes wrong is said with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benchmarks.ports import free_port
from support.mail_server import MailServer
from support.tls import make_certificate

from taskbahn_router.outgoing.smtp import Mailer, MailNotSent, MailRefused, NotConfigured

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = {"TASKBAHN_SMTP_HOST": "127.0.0.1", "TASKBAHN_SMTP_SECURITY": "none", "TASKBAHN_MAIL_FROM": "node@example.org"}


def mailer(server: MailServer, **more: str) -> Mailer:
    return Mailer.configured({**PLAIN, "TASKBAHN_SMTP_PORT": str(server.port), **more})


def test_a_mail_arrives_with_its_headers_and_text() -> None:
    with MailServer() as server:
        mailer(server).send(["a@example.org", "b@example.org"], "broken ✗", "line\n.\nlast ✗\n", "the-job")
        mail = server.take()
    assert (mail.sender, mail.to) == ("node@example.org", ["a@example.org", "b@example.org"])
    assert mail.message["Subject"] == "broken ✗"
    assert mail.message["Message-ID"] == "<the-job@example.org>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message.get_content().replace("\r\n", "\n") == "line\n.\nlast ✗\n"


@pytest.mark.parametrize(
    "evil", ["x\r\nBcc: all@example.org", "x\nBcc: all@example.org\n\nbody", "x\x00\x0b\u2028Bcc: all@example.org"]
)
def test_a_subject_makes_no_other_header(evil: str) -> None:
    with MailServer() as server:
        mailer(server).send(["a@example.org"], evil, "text", "id")
        mail = server.take()
    assert mail.message["Bcc"] is None
    assert mail.to == ["a@example.org"]
    assert mail.message["Subject"].startswith("x")


def test_a_login_happens_over_tls_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    words = {"TASKBAHN_SMTP_USER": "me", "TASKBAHN_SMTP_PASSWORD": "pass", "TASKBAHN_SMTP_SECURITY": "starttls"}
    with MailServer(certificate) as server:
        mailer(server, TASKBAHN_SMTP_HOST="localhost", **words).send(["a@example.org"], "s", "t", "id")
        assert server.take().login == "me pass"
        with pytest.raises(MailNotSent, match="certificate"):
            mailer(server, **words).send(["a@example.org"], "s", "t", "id")
    with MailServer() as server, pytest.raises(NotConfigured, match="starttls"):
        mailer(server, **words).send(["a@example.org"], "s", "t", "id")


@pytest.mark.parametrize(
    "answers, kind, why",
    [
        ({"rcpt": "550 no such user"}, MailRefused, "refuses a@example.org: no such user"),
        ({"rcpt": "450 later"}, MailNotSent, "later"),
        ({"mail": "553 not you"}, MailRefused, "553 not you"),
        ({"data": "554 spam"}, MailRefused, "554 spam"),
        ({"data": "451 later"}, MailNotSent, "451 later"),
    ],
)
def test_what_a_server_refuses_for_good_is_not_tried_again(
    answers: dict[str, str], kind: type[Exception], why: str
) -> None:  # fmt: skip
    with MailServer(None, **answers) as server, pytest.raises(kind, match=why):
        mailer(server).send(["a@example.org"], "s", "t", "id")


def test_a_server_that_is_not_there_is_tried_again() -> None:
    gone = Mailer.configured({**PLAIN, "TASKBAHN_SMTP_PORT": str(free_port())})
    with pytest.raises(MailNotSent, match=r"127\.0\.0\.1"):
        gone.send(["a@example.org"], "s", "t", "id")


@pytest.mark.parametrize(
    "words, why",
    [
        ({"TASKBAHN_SMTP_HOST": ""}, "set TASKBAHN_SMTP_HOST in its environment"),
        ({"TASKBAHN_MAIL_FROM": "", "TASKBAHN_SMTP_HOST": ""}, "set TASKBAHN_SMTP_HOST and TASKBAHN_MAIL_FROM"),
        ({"TASKBAHN_MAIL_FROM": "a@b\nBcc: c@d"}, "TASKBAHN_MAIL_FROM"),
        ({"TASKBAHN_SMTP_PORT": "smtp"}, "it is a port"),
        ({"TASKBAHN_SMTP_SECURITY": "maybe"}, "it is starttls, tls or none"),
        ({"TASKBAHN_SMTP_USER": "me"}, "set both or none"),
        ({"TASKBAHN_SMTP_USER": "me", "TASKBAHN_SMTP_PASSWORD": "hunter2"}, "would travel in clear"),
    ],
)
def test_what_is_not_configured_is_said_by_its_name(words: dict[str, str], why: str) -> None:
    with pytest.raises(NotConfigured, match=why) as refused:
        Mailer.configured({**PLAIN, **words})
    assert "hunter2" not in str(refused.value)


def test_only_those_who_may_get_mails_of_the_node_do() -> None:
    made = Mailer.configured({**PLAIN, "TASKBAHN_MAIL_TO": "ops@a.example, @Example.org"})
    made.check_recipients(["OPS@a.example", "any@example.ORG"])
    for other in ("x@a.example", "x@sub.example.org", "x@example.org.evil.example"):
        with pytest.raises(NotConfigured, match="TASKBAHN_MAIL_TO"):
            made.check_recipients(["ops@a.example", other])


def test_the_password_is_in_no_text_of_the_mailer() -> None:
    made = Mailer.configured(
        {**PLAIN, "TASKBAHN_SMTP_SECURITY": "tls", "TASKBAHN_SMTP_USER": "m", "TASKBAHN_SMTP_PASSWORD": "hunter2"}
    )
    assert "hunter2" not in repr(made)
