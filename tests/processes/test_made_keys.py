"""Keys that other programs have made."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from taskbahn.transport.key_file import key_of
from taskbahn_router.access.keys import public_key_in

if TYPE_CHECKING:
    from pathlib import Path

MAKERS = {
    "openssl": (["openssl", "genpkey", "-algorithm", "ed25519", "-out"], ["openssl", "pkey", "-pubout", "-in"]),
    "ssh-keygen": (["ssh-keygen", "-qt", "ed25519", "-N", "", "-f"], ["ssh-keygen", "-yf"]),
}


@pytest.mark.parametrize("program", MAKERS)
def test_a_key_of_another_program_is_one(program: str, tmp_path: Path) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    make, publish = MAKERS[program]
    file = tmp_path / "a.key"
    subprocess.run([*make, str(file)], check=True, capture_output=True, timeout=60)
    file.chmod(0o600)
    key = key_of(file)
    assert key is not None
    shown = subprocess.run([*publish, str(file)], check=True, capture_output=True, text=True, timeout=60).stdout
    assert public_key_in(shown).hex() == key.public
