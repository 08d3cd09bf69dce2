"""Starts Crossbar's two processes without what Crossbar imports and a node never uses: in half of the time, and with three fifths of the memory.

`crossbar/__init__.py` imports web3 and what that needs, to rename a few of its functions; the rest of Crossbar brings XBR, Tor, NumPy
and an embedded database. Here all that is deferred (see `lazy_modules`), and nothing of Crossbar's is changed: whatever does use
one of them gets it, and then `crossbar/__init__.py` has run first, as ever.

- The controller is started by `run`, in place of `crossbar.run`: the same steps for the one command that we give.
- The router process, which the controller starts as `python -m crossbar.worker.main`, gets the folder `path_hook` onto its path by
  Crossbar's option `pythonpath` (`launcher.configuration`). The package `crossbar` that it finds there calls `take_over` and is gone.

It is done only with the version of Crossbar that it was checked with, and not with `TASKBAHN_FAST_START=0`; a node then starts as
`crossbar start` does.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from taskbahn.fast_start.lazy_modules import defer
from taskbahn.workarounds import CHECKED, FAST_START, NODE_KEY, NODE_START, first, missing, other_arguments

if TYPE_CHECKING:
    from collections.abc import Callable

PATH_HOOK = Path(__file__).with_name("path_hook")

DEFERRED = MappingProxyType(
    {
        "crossbar": (),  # the package's own code changes web3 and eth_abi, and defines `run`; its modules need none of that
        "crossbar.edge": (),  # another personality, which a realm imports for the name of a type
        "crossbar.edge.worker": (),
        "crossbar.edge.worker.router": ("ExtRouterRealm",),
        "eth_keys": ("KeyAPI",),
        "eth_keys.backends": ("NativeECCBackend",),
        "web3": (),
        "xbr": ("EIP712AuthorityCertificate", "FbsObject", "FbsRepository", "FbsSchema", "parse_certificate_chain"),
        "xbr._schema": ("FbsRepository",),
        "xbr._secmod": ("SecurityModuleMemory",),
        "cfxdb": ("cookiestore",),  # cookies in a database
        "zlmdb": (),
        "numpy": (),
        "bjdata": (),  # UBJSON, which none of the transports speaks
        "txtorcon": (),  # Tor
        "treq": (),  # the web service that unpacks archives
    }
)
HOLLOW = ("crossbar", "crossbar.edge", "crossbar.edge.worker")
# packages that Crossbar changes; xbr and cfxdb make the same changes if they are imported first
CHANGED_BY_CROSSBAR = ("web3", "xbr", "cfxdb")


def defer_unused(say: Callable[[str], None]) -> bool:
    """Defer what a node never uses; False, and nothing done, where this does not fit. *say* takes the line for the log."""
    if not FAST_START.is_on(_other_crossbar, say):
        return False
    defer(DEFERRED, hollow=HOLLOW, after=dict.fromkeys(CHANGED_BY_CROSSBAR, ("crossbar",)))
    for name, value in vars(import_module("crossbar._version")).items():
        if name in {"__version__", "__build__"}:  # many modules ask for these
            setattr(sys.modules["crossbar"], name, value)
    return True


def _other_crossbar() -> str:
    """Say which version of Crossbar is installed, if it is another one; its own word for that would load all of it."""
    from importlib.metadata import version  # `taskbahn up` itself needs none of that

    found = version("crossbar")
    return "" if found == CHECKED["crossbar"] else f"crossbar is {found}, and it was checked with {CHECKED['crossbar']}"


def run() -> None:
    """Be Crossbar's controller, with the arguments of this process; does not return."""
    if not defer_unused(_say):
        _run_crossbar()

    from autobahn.twisted import install_reactor

    reactor = install_reactor(explicit_reactor=os.environ.get("CROSSBAR_REACTOR"), verbose=False, require_optimal_reactor=False)

    # these modules need the reactor that is installed by now
    from crossbar.node import main as crossbar_main
    from crossbar.personality import Personality

    if not NODE_START.is_on(lambda: other_arguments(crossbar_main.main, "prog", "args", "reactor", "personality"), _say):
        _run_crossbar()
    if NODE_KEY.is_on(lambda: other_keys(Personality), _say):
        from taskbahn_router.node.fast_start.node_key import KeylessNode

        Personality.Node = KeylessNode
    vars(crossbar_main)["print"] = _print_words
    sys.exit(crossbar_main.main("crossbar", sys.argv[1:], reactor, Personality))


def _run_crossbar() -> None:
    """Start the controller as `crossbar start` does."""
    from crossbar import run as run_crossbar

    sys.exit(run_crossbar())


def other_keys(personality: Any) -> str:
    """Say what `node_key` does not find in Crossbar."""
    from crossbar.common import key

    node = personality.Node
    return first(
        missing(key, "_creator", "_machine_id", "_write_node_key"),
        missing(node, "load_keys"),
        other_arguments(node.load_keys, "self", "cbdir", "privfile", "pubfile"),
    )


def _say(line: str) -> None:
    """Write a line to the node's log, before there is one."""
    sys.stderr.write(f"taskbahn: {line}\n")


def _print_words(*words: object) -> None:
    """Print, but not nothing: Crossbar ends its banner, which its log leaves out, with an empty line, which comes out as one of the log."""
    if words:
        sys.stdout.write(" ".join(map(str, words)) + "\n")


def take_over() -> None:
    """Make way for the true Crossbar, in the import of the package that comes ahead of it."""
    sys.path[:] = [folder for folder in sys.path if folder != str(PATH_HOOK)]
    del sys.modules["crossbar"]
    defer_unused(lambda _: None)  # the controller has logged the line already
    import_module("crossbar")
