"""What calls of the procedures of login give, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.errors import InvalidRequest

if TYPE_CHECKING:
    from taskbahn_router.model.pending_call import PendingCall


def named(call: PendingCall, names: tuple[str, ...]) -> dict[str, object]:
    """Return the arguments of a call by their names.  Raises InvalidRequest for others."""
    given = dict(zip(names, call.args, strict=False)) | call.kwargs
    unknown = [name for name in given if name not in names]
    if unknown or len(call.args) > len(names):
        raise InvalidRequest(f"{call.procedure} takes {', '.join(names)}, not {unknown[0] if unknown else 'more'!r:.100}")
    return given
