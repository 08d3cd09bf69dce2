"""A node without what Crossbar imports and we never use; and with all of it, as soon as something does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.switches import everything_on, needs

from taskbahn.workarounds import CHECKED, FAST_START, PLAIN
from taskbahn_router.node.fast_start import crossbar_imports

if TYPE_CHECKING:
    from support.programs import Node

pytestmark = pytest.mark.slow

# packages with compiled parts, which the system lists for a process that has loaded them
HEAVY = ("numpy", "aiohttp", "pydantic_core", "regex", "Crypto", "_lmdb")

CONTROLLER = """
import sys
from pathlib import Path
from taskbahn_router.node.fast_start.crossbar_imports import defer_unused
assert defer_unused(print)
from autobahn.twisted import install_reactor
install_reactor()
import crossbar, crossbar.node.main, crossbar.router.router, crossbar.router.inventory
from crossbar.personality import Personality
from crossbar.router import cookiestore
from crossbar.router.auth import cryptosign
from taskbahn_router.node.fast_start.node_key import KeylessNode

# what the key of the start relies on is there, and its lack would be noticed
from crossbar.common import key
from taskbahn_router.node.fast_start.crossbar_imports import other_keys
assert other_keys(Personality) == ""
creator = vars(key).pop("_creator")
assert other_keys(Personality) == "module has no _creator"
key._creator = creator

ran = [name for name in ("web3", "xbr", "cfxdb", "eth_keys", "numpy") if type(sys.modules[name]).__name__ != "DeferredModule"]
assert (ran, "eth_abi" in sys.modules) == ([], False), ran

# the key of the start is there at once, and stays the same when the other one joins it
node = KeylessNode(Personality, sys.argv[1])
assert node.load_keys(sys.argv[1]) is True
node.secmod.open(), node.secmod.unlock()
first = node.secmod[1].public_key()
assert type(sys.modules["xbr"]).__name__ == "DeferredModule"
assert node.secmod[0].address().startswith("0x")
assert node.secmod[1].public_key() == first and node.secmod.is_open and not node.secmod.is_locked
assert node.load_keys(sys.argv[1]) is False and node.secmod[1].public_key() == first
assert f"public-key-ed25519: {first}" in Path(sys.argv[1], "key.pub").read_text()

# code that asks for more gets the true module, as Crossbar has changed it
address = "0x" + "ab" * 20
assert cryptosign.web3.Web3.toChecksumAddress(address).lower() == address
assert cookiestore.np.datetime64(1, "ns").dtype == "datetime64[ns]" and cookiestore.cookiestore.Cookie() is not None
repository = crossbar.router.inventory.FbsRepository("x")
assert isinstance(repository, sys.modules["xbr"].FbsRepository) and callable(cryptosign.parse_certificate_chain)
assert callable(crossbar.run) and callable(sys.modules["eth_abi"].encode_abi)
"""


def maps_of(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists what a process has loaded")
@needs(FAST_START)
def test_neither_process_of_a_ready_node_has_loaded_unused_modules(node: Node) -> None:
    controller = json.loads((node.data / "node" / "node.pid").read_text())["pid"]
    (router,) = map(int, Path(f"/proc/{controller}/task/{controller}/children").read_text().split())
    for pid in (controller, router):
        loaded = set(re.findall(r"site-packages/(\w+)[/.]", maps_of(pid)))
        assert "cryptography" in loaded or "nacl" in loaded, loaded  # this is how they are listed
        assert not loaded.intersection(HEAVY)


def test_a_node_with_the_versions_that_were_checked_has_all_workarounds(node: Node) -> None:
    assert not [line for line in node.lines if "the workaround of" in line]


def test_a_module_loaded_late_is_the_true_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONTROLLER, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=55,
        env=everything_on(),
    )
    assert done.returncode == 0, done.stderr


def test_it_is_done_only_with_the_version_that_it_was_checked_with(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(crossbar_imports, "CHECKED", {"crossbar": "1.0"})
    monkeypatch.setattr(FAST_START, "_state", None)
    monkeypatch.delenv(PLAIN, raising=False)
    before = list(sys.meta_path)
    assert crossbar_imports.defer_unused(lines.append) is False
    assert sys.meta_path == before
    (line,) = lines
    assert f"crossbar is {CHECKED['crossbar']}, and it was checked with 1.0" in line
