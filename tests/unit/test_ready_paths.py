"""What says that a node is ready waits for all its paths: Crossbar adds them one after the other."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml

from taskbahn_router.node import launcher


def test_the_path_that_is_waited_for_is_the_last_one() -> None:
    template: dict[str, Any] = yaml.safe_load(files("taskbahn_router.node").joinpath("node.yaml").read_text("utf-8"))
    ((transport,),) = (worker["transports"] for worker in template["workers"])
    assert f"/{max(transport['web']['paths'])}" == launcher.LAST_PATH
