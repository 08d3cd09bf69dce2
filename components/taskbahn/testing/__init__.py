"""Tests of tasks, and of code that starts them: see docs/testing.md."""

from taskbahn.testing.attempt import attempt
from taskbahn.testing.eager import eager
from taskbahn.testing.recorded import Call, Recorded, recorded
from taskbahn.testing.said import Said
from taskbahn.testing.simulated import Simulation, simulated

__all__ = ["Call", "Recorded", "Said", "Simulation", "attempt", "eager", "recorded", "simulated"]
