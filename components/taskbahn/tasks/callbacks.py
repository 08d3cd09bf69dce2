"""What `on_success`, `on_failure` and `on_end` say as options: of a task, for all its jobs; of a call, for its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidFlow, InvalidOption
from taskbahn.flows.data import describe_callback
from taskbahn.tasks.encrypting import encrypted_flow
from taskbahn.tasks.flow import Flow, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.client.client import HasClient
    from taskbahn.flows.nodes import Part


def callbacks_of(word: str, given: Any) -> tuple[Part, ...]:
    """Return the flows that an option names: one, or several; raises InvalidOption."""
    try:
        return parts_of((given,) if isinstance(given, Flow) else given)
    except (InvalidFlow, TypeError):
        rule = "it is a flow, or a list of flows, such as tell.s(...)"
        raise InvalidOption(f"option {word} = {given!r:.200}: {rule}", option=word) from None


def declared(app: HasClient, task: str, given: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the callbacks of a task as they travel with its declaration; raises InvalidOption for flows that it cannot declare."""
    found: dict[str, list[dict[str, Any]]] = {}
    for word, flows in given.items():
        parts = callbacks_of(word, flows)
        try:
            made = [
                encrypted_flow(app, describe_callback(part, f"{word}[{number}]"), is_fixed=True)
                for number, part in enumerate(parts)
            ]
        except InvalidFlow as error:
            raise InvalidOption(f"{task}: {error}", option=word) from None
        if made:
            found[word] = made
    return found
