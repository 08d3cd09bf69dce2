"""Tests of tasks, and of code that starts them: see docs/testing.md."""

from taskbahn.testing.simulated import Simulation, simulated

__all__ = ["Simulation", "simulated"]
