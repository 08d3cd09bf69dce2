"""Tests of tasks, and of code that starts them: see docs/testing.md."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskbahn.client.guard import allow_nodes, without_nodes
    from taskbahn.testing.eager_jobs import eager
    from taskbahn.testing.one_attempt import attempt
    from taskbahn.testing.real_node import RealNode
    from taskbahn.testing.recorded_jobs import Call, Recorded, recorded
    from taskbahn.testing.said import Said
    from taskbahn.testing.simulate import Simulation, simulated

PLACES = {
    "Call": "testing.recorded_jobs",
    "RealNode": "testing.real_node",
    "Recorded": "testing.recorded_jobs",
    "Said": "testing.said",
    "Simulation": "testing.simulate",
    "allow_nodes": "client.guard",
    "attempt": "testing.one_attempt",
    "eager": "testing.eager_jobs",
    "recorded": "testing.recorded_jobs",
    "simulated": "testing.simulate",
    "without_nodes": "client.guard",
}

__all__ = [
    "Call",
    "RealNode",
    "Recorded",
    "Said",
    "Simulation",
    "allow_nodes",
    "attempt",
    "eager",
    "recorded",
    "simulated",
    "without_nodes",
]


def __dir__() -> list[str]:
    return sorted(
        {*__all__, "__doc__", "__file__", "__name__", "__path__"}
    )  # as that of `taskbahn`: completion and help() show these


def __getattr__(name: str) -> Any:  # the plugin of pytest is loaded in every run, and costs nothing where it is not used
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"taskbahn.{PLACES[name]}"), name)
    globals()[name] = value
    return value
