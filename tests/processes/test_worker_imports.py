"""What stops an attempt in the middle of an import spoils the import for no later attempt of the process."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.worker_harness import run_worker

from taskbahn.worker.loading import load_app

BURN = """
    import time
    until = time.monotonic() + 0.4
    while time.monotonic() < until:
        pass
"""
SOURCE = """
    import sys, time
    from taskbahn import Taskbahn
    sys.path.insert(0, {folder!r})
    app = Taskbahn()

    def imports(goes_on: bool) -> int:
        import half_made
        until = time.monotonic() + (20 if goes_on else 0)
        while time.monotonic() < until:
            pass
        return half_made.part.VALUE

    for pool in ("thread", "process"):
        app.task(name=f"imports.{{pool}}", pool=pool)(imports)
"""


@pytest.mark.parametrize("pool", ["thread", "process"])
@pytest.mark.parametrize("place", ["package", "module"])
def test_a_stop_within_an_import_spoils_it_for_no_later_attempt(
    make_module: Callable[[str], str], tmp_path: Path, pool: str, place: str
) -> None:
    package = tmp_path / "half_made"
    package.mkdir()
    burn = textwrap.dedent(BURN)
    (package / "part.py").write_text(f"VALUE = 7\n__all__ = ['VALUE']\n{burn if place == 'module' else ''}")
    (package / "__init__.py").write_text(f"from .part import *\n{burn if place == 'package' else ''}\npart.__all__\n")

    async def scenario(worker: Any, dispatcher: Any) -> None:
        for number in range(3):
            dispatcher.run((f"j{number}", f"imports.{pool}", [number < 2], 0.1 if number < 2 else 30))
            await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"j2": 7}
        assert list(dispatcher.failed) == ["j0", "j1"]
        assert "longer than its time limit" in dispatcher.failed["j0"]["error"]["message"]

    target = f"{make_module(SOURCE.format(folder=str(tmp_path)))}:app"
    run_worker(load_app(target), scenario, slots=1, target=target)
