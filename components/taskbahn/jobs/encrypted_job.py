"""What a client sends to an encrypted job, and reads of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.encryption import envelope
from taskbahn.encryption.arguments import key_in, opened_results
from taskbahn.encryption.errors import DecryptionFailed
from taskbahn.encryption.keyring import missing
from taskbahn.encryption.reading import opened_error
from taskbahn.encryption.words import without_ciphertext
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from taskbahn.client.client import RawOutcome
    from taskbahn.encryption.keyring import KeyRing
    from taskbahn.protocol.views import JobView

FLOWS = ("taskbahn.chain", "taskbahn.group")  # whose result is that of other jobs


def key_of_view(view: JobView) -> str:
    """Return the name of the key of a job; empty: it is not encrypted."""
    calls = view.calls or []
    return key_in(view.args) or next((key for call in calls if call and (key := key_in(call[0]))), "")


def sealed_for(keys: KeyRing | None, key: str | None, job: str, purpose: str, data: Any, more: str = "") -> Any:
    """Return what a client sends to a job; key: as in `Job.encrypted_by`.  Raises DecryptionFailed for a key that is not here."""
    if not key:
        return data
    if keys is None:
        raise missing(key)
    return envelope.as_value(keys.encrypt(messages.to_json(data), purpose, job, more, key=key))


def opened_outcome(outcome: RawOutcome, keys: KeyRing | None, task: str, key: str | None) -> RawOutcome:
    """Return an outcome with its result or its error decrypted.

    task: that of the job, as far as it is known.   key: as in `Job.encrypted_by`: with one a result in plain text is none.
    Raises DecryptionFailed. An error that cannot be read here says so in its message.
    """
    id, state, text, error = outcome
    if isinstance(error, dict):
        made = opened_error(error, keys, None)
        texts = {name: without_ciphertext(text) for name, text in made.items() if isinstance(text, str)}
        made = {**made, **texts}
        return [id, state, text, made]
    if text is None:
        return outcome
    if key and envelope.MARK not in text and state == "succeeded":
        raise DecryptionFailed(f"the result of job {id} came in plain text, and the job is encrypted", key=key)
    return [id, state, opened_results(keys, text, id if task and task not in FLOWS else None), error]
