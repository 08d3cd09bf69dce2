"""How Taskbahn is installed, as errors say it. This is the one place that knows where it comes from; tests/unit/test_installing.py holds
the documentation to it.
"""

from __future__ import annotations

SOURCE = "/path/to/taskbahn"  # a clone of the repository, for Taskbahn is not on PyPI yet; then: "taskbahn"
IN_CLONE = ", where /path/to/taskbahn is your clone of the repository" if "/" in SOURCE else ""
PULL = "`git pull` in your clone of the repository, then " if "/" in SOURCE else ""


def command(extra: str = "", *options: str) -> str:
    """Return the command that installs it with an extra, for a shell."""
    return " ".join(("pip install", *options, f"'{SOURCE}[{extra}]'" if extra else SOURCE))


def installed_by(extra: str) -> str:
    """Return how an extra gets into an environment, as the end of a sentence."""
    return f"`{command(extra)}`{IN_CLONE}"


def upgraded_by(extra: str = "") -> str:
    """Return how an installation becomes the newest, as the end of a sentence."""
    return f"{PULL}`{command(extra, '--upgrade')}`"


def protocol_too_old(theirs: int, oldest: int, newest: int) -> str:
    """Return what is said where worker and router speak versions of the protocol that do not meet."""
    older, extra = ("worker", "") if theirs < oldest else ("router", "router")
    return (
        f"the worker speaks protocol {theirs}, this router {oldest} to {newest}: upgrade the {older}, with {upgraded_by(extra)}"
    )


def router_missing(module: str | None) -> str:
    """Return what a command says that needs the router side, where that, or what it is built on, is not there."""
    return (
        "taskbahn: this command runs where a node runs, and this environment has no node: Crossbar, or what else a node needs, "
        f"is not installed here (Python finds no module {module!r}). Install it with {installed_by('router')}"
    )
