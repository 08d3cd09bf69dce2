"""What workers say of jobs, without the secrets in the arguments of these: a worker without an SDK may quote what it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.protocol.secrets import cleaned, holds, secret_texts

if TYPE_CHECKING:
    from taskbahn.protocol import messages

SAID = ("log", "progress", "question")  # kinds of notices that are said; of the others a value is kept as it is


def quiet(packed: str, value: Any) -> Any:
    """Return data that a worker says of a job, which has those arguments."""
    if not holds(packed):
        return value
    hidden = secret_texts(packed)
    return cleaned(value, hidden) if hidden else value


def quiet_notice(packed: str, notice: messages.Notice) -> messages.Notice:
    """Return what a worker says of a job, which has those arguments."""
    if notice.kind not in SAID or not holds(packed):
        return notice
    return msgspec.structs.replace(notice, data=quiet(packed, notice.data))
