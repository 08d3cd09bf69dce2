"""Hands a mail to the server that the node's environment names."""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING

from taskbahn.protocol.outgoing import recipients

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOST, PORT, SECURITY = "TASKBAHN_SMTP_HOST", "TASKBAHN_SMTP_PORT", "TASKBAHN_SMTP_SECURITY"
USER, PASSWORD = "TASKBAHN_SMTP_USER", "TASKBAHN_SMTP_PASSWORD"
SENDER, ALLOWED = "TASKBAHN_MAIL_FROM", "TASKBAHN_MAIL_TO"
STARTTLS, TLS, NONE = "starttls", "tls", "none"
PORTS = {STARTTLS: 587, TLS: 465, NONE: 25}
SECONDS = 30.0  # for each answer of the server
PERMANENT = 500


class NotConfigured(Exception):
    """The node's environment does not say how to send a mail, or not to this address."""


class MailRefused(Exception):
    """The server will not take the mail, however often it is asked."""


class MailNotSent(Exception):
    """The server did not take the mail; it may do so later."""


@dataclass(frozen=True)
class Mailer:
    """How to send.  allowed: the addresses and domains, as `@example.org`, that may get mails; empty: all."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    sender: str
    allowed: frozenset[str]

    @classmethod
    def configured(cls, environment: Mapping[str, str] = os.environ) -> Mailer:
        """Return what the environment says.  Raises NotConfigured with what is missing."""
        missing = [name for name in (HOST, SENDER) if not environment.get(name)]
        if missing:
            raise NotConfigured(
                f"this node sends no mail: set {' and '.join(missing)} in its environment, and start it again (docs/webhooks.md)"
            )
        security = environment.get(SECURITY, STARTTLS).lower()
        if security not in PORTS:
            raise NotConfigured(f"{SECURITY} = {security!r:.50}: it is {STARTTLS}, {TLS} or {NONE}")
        port = environment.get(PORT) or str(PORTS[security])
        if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):  # noqa: PLR2004 - ports have 16 bits
            raise NotConfigured(f"{PORT} = {port!r:.50}: it is a port, 1 to 65535")
        user, password = environment.get(USER, ""), environment.get(PASSWORD, "")
        if bool(user) is not bool(password):
            raise NotConfigured(f"{USER} and {PASSWORD} go together: set both or none")
        if user and security == NONE:
            raise NotConfigured(f"{PASSWORD} would travel in clear with {SECURITY}={NONE}: set {SECURITY} to {STARTTLS} or {TLS}")
        try:
            (sender,) = recipients(environment[SENDER])
        except ValueError as error:
            raise NotConfigured(f"{SENDER}: {error}") from None
        allowed = frozenset(environment.get(ALLOWED, "").lower().replace(",", " ").split())
        return cls(environment[HOST], int(port), security, user, password, sender, allowed)

    def check_recipients(self, to: Sequence[str]) -> None:
        """Raise NotConfigured for an address to which this node sends no mails."""
        for one in to:
            address = one.lower()
            if self.allowed and address not in self.allowed and f"@{address.partition('@')[2]}" not in self.allowed:
                raise NotConfigured(
                    f"this node sends no mail to {one}: {ALLOWED} in its environment names those that may get some"
                )

    def send(self, to: Sequence[str], subject: str, text: str, id: str) -> None:
        """Send a mail.  id: of the job that does, which makes the mail's id: one that is sent again has the same.

        Raises NotConfigured, MailRefused, MailNotSent.
        """
        self.check_recipients(to)
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, ", ".join(to), one_line(subject)
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{id}@{self.sender.partition('@')[2]}>" if id else make_msgid()
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        try:
            with self._connected() as server:
                refused = server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            kind = MailRefused if all(code >= PERMANENT for code in codes) else MailNotSent
            raise kind(
                f"{self.host} refuses {', '.join(error.recipients)}: {_said(next(iter(error.recipients.values()))[1])}"
            ) from None
        except smtplib.SMTPResponseException as error:
            kind = MailRefused if error.smtp_code >= PERMANENT else MailNotSent
            raise kind(f"{self.host} refuses: {error.smtp_code} {_said(error.smtp_error)}") from None
        except smtplib.SMTPNotSupportedError as error:
            raise NotConfigured(f"{self.host} cannot do what {SECURITY}={self.security} and {USER} ask of it: {error}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailNotSent(
                f"{self.host}:{self.port} does not take the mail: {str(error)[:300] or type(error).__name__}"
            ) from None
        if refused:
            raise MailRefused(f"{self.host} took it, but refused {', '.join(refused)}")

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.security == TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        try:
            if self.security == STARTTLS:
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def one_line(text: str) -> str:
    """Return text without what would begin another header, or hide a part of it."""
    return "".join(character if character.isprintable() else " " for character in text)


def _said(text: bytes | str) -> str:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return one_line(shown)[:300]
