"""A mail server on a thread, as far as a client needs one; it answers as the test says and remembers the mails."""

from __future__ import annotations

import base64
import email
import email.policy
import queue
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

PATIENCE = 60.0  # seconds


class Mail(NamedTuple):
    """A mail that came: who the envelope says, who logged in, and what was in it."""

    sender: str
    to: list[str]
    login: str
    message: EmailMessage


class MailServer:
    """answers: what it says to a command in place of 250, the next time that it comes.   certificate: it offers STARTTLS with it."""

    def __init__(self, certificate: Path | None = None, **answers: str) -> None:
        self._certificate = certificate
        self._answers = answers
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.mails: queue.SimpleQueue[Mail] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def take(self) -> Mail:
        """Wait for the next mail."""
        return self.mails.get(timeout=PATIENCE)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        talk = _Talk(self, connection)
        with suppress(OSError):
            talk.run()
        talk.close()

    def answer(self, command: str) -> str:
        return self._answers.pop(command, "250 fine")

    def context(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        assert self._certificate is not None
        made.load_cert_chain(self._certificate)
        return made

    @property
    def has_tls(self) -> bool:
        return self._certificate is not None


class _Talk:
    """One connection."""

    def __init__(self, server: MailServer, connection: socket.socket) -> None:
        self._server = server
        self._connection = connection
        self._file = connection.makefile("rb")
        self._is_secure = False
        self._login = ""
        self._sender = ""
        self._to: list[str] = []

    def run(self) -> None:
        self._say("220 here")
        while line := self._file.readline():
            command, _, rest = line.decode().strip().partition(" ")
            word = command.upper()
            if word == "QUIT":
                self._say("221 bye")
                return
            getattr(self, f"_{word.lower()}", lambda _: self._say("502 no"))(rest)

    def close(self) -> None:
        self._file.close()
        self._connection.close()

    def _say(self, text: str) -> None:
        self._connection.sendall(f"{text}\r\n".encode())

    def _ehlo(self, _: str) -> None:
        offers = ["250-here", "250-8BITMIME"]
        offers += ["250-STARTTLS"] if self._server.has_tls and not self._is_secure else []
        offers += ["250-AUTH PLAIN"] if self._is_secure else []
        self._say("\r\n".join([*offers, "250 HELP"]))

    def _starttls(self, _: str) -> None:
        self._say("220 go on")
        self._file.close()
        self._connection = self._server.context().wrap_socket(self._connection, server_side=True)
        self._file = self._connection.makefile("rb")
        self._is_secure = True

    def _auth(self, rest: str) -> None:
        self._login = base64.b64decode(rest.partition(" ")[2]).decode().replace("\0", " ").strip()
        self._say(self._server.answer("auth").replace("250", "235"))

    def _mail(self, rest: str) -> None:
        self._sender, self._to = rest.partition("<")[2].partition(">")[0], []
        self._say(self._server.answer("mail"))

    def _rcpt(self, rest: str) -> None:
        said = self._server.answer("rcpt")
        if said.startswith("250"):
            self._to.append(rest.partition("<")[2].partition(">")[0])
        self._say(said)

    def _rset(self, _: str) -> None:
        self._say("250 fine")

    def _data(self, _: str) -> None:
        self._say("354 go on")
        lines: list[bytes] = []
        while (line := self._file.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        said = self._server.answer("data")
        if said.startswith("250"):
            message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            self._server.mails.put(Mail(self._sender, self._to, self._login, message))
        self._say(said)
