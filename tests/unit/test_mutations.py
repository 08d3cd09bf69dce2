"""The mutations that the random lives must find are of the code of today: a text that is gone finds nothing."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROUTER = ROOT / "router" / "taskbahn_router"


@pytest.mark.parametrize("script", ["model", "flow_lives"])
def test_each_mutation_changes_one_place_of_its_module(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    mutations = runpy.run_path(str(ROOT / "scripts" / f"{script}.py"))["MUTATIONS"]
    assert len({mutation.name for mutation in mutations}) == len(mutations) > 0
    for name, module, text, other in mutations:
        path = ROUTER.joinpath(*module.split(".") if "." in module else ("promises", module)).with_suffix(".py")
        assert path.read_text("utf-8").count(text) == 1, f"{text!r} of {name!r} is not once in {module}"
        assert text != other, name
