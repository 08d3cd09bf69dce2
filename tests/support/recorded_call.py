"""A call to the dispatcher of a `DispatcherHarness`, and what came back for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.dispatcher_harness import DispatcherHarness
    from taskbahn_router.model.pending_call import PendingCall


class RecordedCall:
    """A call and all that came back for it: `("progress", value)`, `("answer", value, ...)`, `("fail", error)`."""

    def __init__(self, harness: DispatcherHarness, call: PendingCall) -> None:
        self.call = call
        self.sent: list[tuple[Any, ...]] = []
        harness.asked[call.request] = self

    @property
    def answer(self) -> Any:
        """What it was answered with."""
        assert self.sent, "it was not answered"
        assert self.sent[-1][0] == "answer", self.sent
        return self.sent[-1][1]

    @property
    def error(self) -> str:
        """The last part of the URI of the error that it failed with."""
        assert self.sent, "it was not answered"
        assert self.sent[-1][0] == "fail", self.sent
        return str(self.sent[-1][1].uri).rpartition(".")[2]

    @property
    def progress(self) -> list[Any]:
        return [entry[1] for entry in self.sent if entry[0] == "progress"]

    @property
    def events(self) -> list[tuple[int, str, Any]]:
        """The events that came, as (number, kind, state or data)."""
        return [
            (event["number"], event["kind"], event["data"]["state"] if event["kind"] == "state" else event["data"])
            for value in self.progress
            for event in value.get("events", ())
        ]

    @property
    def outcomes(self) -> dict[str, str]:
        """State by job, of the outcomes that came."""
        parts = [value.get("outcomes", ()) for value in self.progress]
        for entry in self.sent:
            if entry[0] == "answer":
                parts += [entry[2].get("outcomes", ()), entry[1].get("outcomes", ()) if isinstance(entry[1], dict) else ()]
        return {outcome[0]: outcome[1] for part in parts for outcome in part}

    def gone(self, *, cancelled: bool = False) -> None:
        """The caller went away, or cancelled."""
        self.call.open = False
        self.call.gone(cancelled=cancelled)
