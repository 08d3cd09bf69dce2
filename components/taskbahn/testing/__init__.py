"""Tests of tasks, and of code that starts them: see docs/testing.md."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskbahn.testing.eager_jobs import eager
    from taskbahn.testing.one_attempt import attempt
    from taskbahn.testing.real_node import RealNode
    from taskbahn.testing.recorded_jobs import Call, Recorded, recorded
    from taskbahn.testing.said import Said
    from taskbahn.testing.simulate import Simulation, simulated

PLACES = {
    "Call": "recorded_jobs",
    "RealNode": "real_node",
    "Recorded": "recorded_jobs",
    "Said": "said",
    "Simulation": "simulate",
    "attempt": "one_attempt",
    "eager": "eager_jobs",
    "recorded": "recorded_jobs",
    "simulated": "simulate",
}

__all__ = ["Call", "RealNode", "Recorded", "Said", "Simulation", "attempt", "eager", "recorded", "simulated"]


def __getattr__(name: str) -> Any:  # the plugin of pytest is loaded in every run, and costs nothing where it is not used
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{PLACES[name]}"), name)
    globals()[name] = value
    return value
