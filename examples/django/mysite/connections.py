"""Connections of the database in workers, which have no requests that would open and close them."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")


def closing_connections(function: Callable[P, R]) -> Callable[P, R]:
    """Close connections that are too old or broken before and after each attempt, as Django does with each request."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    return run
