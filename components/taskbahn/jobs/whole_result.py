"""The result of a flow that is a long list: it travels by reference, and the client reads it page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.inputs import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.client.client import Client, RawOutcome


class WholeResult:
    """Reads the result to which an outcome refers; then calls *take* with the outcome and its result, or *fail*. On the client's thread."""

    def __init__(
        self,
        client: Client,
        outcome: RawOutcome,
        take: Callable[[RawOutcome], object],
        fail: Callable[[TaskbahnError], object],
    ) -> None:
        self._client = client
        self._outcome = outcome
        self._take = take
        self._fail = fail
        self._pages = whole(outcome[2])
        self._go_on(None)

    def _go_on(self, answer: dict[str, Any] | None) -> None:
        try:
            id, after = next(self._pages) if answer is None else self._pages.send(answer)
        except StopIteration as end:
            self._take([*self._outcome[:2], end.value, *self._outcome[3:]])
            return
        future = self._client.ask(messages.JOB_RESULTS, id, after=after)

        def answered() -> None:
            try:
                found = future.now()
            except TaskbahnError as error:
                self._fail(error)
            else:
                self._go_on(found)

        future.listen(answered)
