"""The application that the workers of a storm run: all of its tasks, those that wait, and those that events start."""

from __future__ import annotations

from chaos import parents, triggers
from chaos.tasks import app

__all__ = ["app", "parents", "triggers"]
