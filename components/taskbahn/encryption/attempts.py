"""What an attempt of an encrypted job says, and what it gets from outside while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.encryption import envelope
from taskbahn.encryption.arguments import opened
from taskbahn.encryption.envelope import ANSWER, BRIEF, CHUNK, ERROR, LOG, MESSAGE, NOTE, PROGRESS, QUESTION, RESULT
from taskbahn.encryption.errors import DecryptionFailed
from taskbahn.errors import ResultTooLarge
from taskbahn.protocol import messages, questions

if TYPE_CHECKING:
    from taskbahn.encryption.keyring import KeyRing

BRIEF_CHARACTERS = 500  # of a message that lists of jobs show
BRIEF_LENGTHS = (280, 140, 60, 20)  # how much of it is tried, in characters
OF_CODE = ("step:", "item:")  # kinds of notes with values of the user's code: they are never taken in plain text


class AttemptCipher:
    """Encrypts by the key of the call, so that the client that made it can read what becomes of it."""

    def __init__(self, ring: KeyRing, key: str, job: str) -> None:
        self._ring = ring
        self.key = key
        self._job = job

    def _sealed(self, value: Any, purpose: str, more: str = "") -> str:
        return self._ring.encrypt(messages.to_json(value), purpose, self._job, more, key=self.key)

    @property
    def words(self) -> str:
        """What people see in the place of a text."""
        return f"[encrypted with key {self.key}]"

    def result(self, text: str) -> str:
        """Return a result as it travels; raises ResultTooLarge."""
        made = envelope.as_json(self._ring.encrypt(text, RESULT, self._job, key=self.key))
        if len(made) > messages.MAX_RESULT:
            raise ResultTooLarge(
                f"the encrypted result has {len(made):,} bytes, more than the {messages.MAX_RESULT:,} allowed; "
                "store it and return a reference",
                size=len(made),
                limit=messages.MAX_RESULT,
            )
        return made

    def error(self, described: dict[str, Any]) -> dict[str, Any]:
        """Return an error as it travels: its type, the beginning of its message, and in the place of its traceback all of it."""
        message = str(described.get("message", ""))
        brief = ""
        for length in BRIEF_LENGTHS:
            brief = envelope.as_json(self._sealed({"message": message[:length]}, ERROR, BRIEF))
            if len(brief) <= BRIEF_CHARACTERS:
                break
        return {
            "type": described.get("type", ""),
            "message": brief,
            "traceback": envelope.as_json(self._sealed(described, ERROR)),
        }

    def notice(self, kind: str, data: Any) -> Any:
        """Return the data of a notice as it travels."""
        if kind == "log":
            said = self._sealed({"logger": data["logger"], "message": data["message"]}, LOG)
            return {"level": data["level"], "logger": "", "message": envelope.as_json(said)}
        if kind == "progress":
            return {"data": envelope.as_value(self._sealed(data, PROGRESS))}
        if kind == "chunk":
            return envelope.as_value(self._sealed(data, CHUNK))
        if kind == "note":
            name, value = data["name"], data["value"]
            return {
                "name": name,
                "value": envelope.as_json(self._ring.encrypt(value, NOTE, self._job, name, key=self.key)),
            }
        if kind == "question":
            hidden = {name: data[name] for name in ("question", "schema", "to") if name in data}
            schema = envelope.as_value(self._sealed(hidden, QUESTION, data["name"]))
            shown = {name: value for name, value in data.items() if name not in hidden}
            return {**shown, "question": self.words, "schema": schema}
        return data

    def open_all(self, notes: dict[str, str]) -> None:
        """Decrypt what the job remembers, in its place; raises DecryptionFailed for what is in plain text and may not be."""
        for name, text in list(notes.items()):
            notes[name] = self._note(name, text)

    def open_one(self, notes: dict[str, str], name: str) -> bool:
        """Decrypt what came from outside; return whether it could be: if not, it is as if it had not come."""
        try:
            notes[name] = self._note(name, notes[name])
        except DecryptionFailed:
            del notes[name]
            return False
        return True

    def _note(self, name: str, text: str) -> str:
        if name.startswith(questions.QUESTION):
            return self._asked(name.removeprefix(questions.QUESTION), text)
        if name.startswith(questions.ANSWER):
            return self._answered(name, text)
        if name.startswith(questions.MESSAGE):
            return self._given(messages.from_json(text), MESSAGE, name, "")
        found = envelope.found_in_text(text, NOTE)
        if found is not None:
            return opened(self._ring, found, self._job, name)
        if name.startswith(OF_CODE):
            raise self._plain(name)
        return text

    def _asked(self, name: str, text: str) -> str:
        said = messages.from_json(text)
        found = envelope.found(said.get("schema"), QUESTION)
        if found is None:
            raise self._plain(questions.QUESTION + name)
        return messages.to_json({**said, **messages.from_json(opened(self._ring, found, self._job, name))})

    def _answered(self, name: str, text: str) -> str:
        found = envelope.found_in_text(text, NOTE)
        if found is not None:  # the attempt's own note that there was none in time
            return opened(self._ring, found, self._job, name)
        said = messages.from_json(text)
        if "value" not in said:
            return text
        value = self._given(said["value"], ANSWER, name, name.removeprefix(questions.ANSWER))
        return messages.to_json({**said, "value": messages.from_json(value)})

    def _given(self, value: Any, purpose: str, name: str, more: str) -> str:
        found = envelope.found(value, purpose)
        if found is None:
            raise self._plain(name)
        return opened(self._ring, found, self._job, more)

    def _plain(self, name: str) -> DecryptionFailed:
        return DecryptionFailed(
            f"what is given as {name!r} of job {self._job} is not encrypted, and the job is: a client with key {self.key} sends it",
            key=self.key,
        )
