"""The development node and the one that `taskbahn up` makes are the same."""

from pathlib import Path

import yaml

from taskbahn.workarounds import FAST_START
from taskbahn_router.node.fast_start.crossbar_imports import PATH_HOOK
from taskbahn_router.node.launcher import Wanted, configuration

ROOT = Path(__file__).resolve().parents[2]


def test_the_development_node_is_the_template() -> None:
    assert (ROOT / ".crossbar/config.yaml").read_text() == (ROOT / "router/taskbahn_router/node/node.yaml").read_text()


def test_up_changes_only_port_interface_data_and_what_goes_ahead_of_crossbar() -> None:
    template = yaml.safe_load((ROOT / "router/taskbahn_router/node/node.yaml").read_text())
    made = configuration(Wanted(8080, "127.0.0.1", Path("../.taskbahn")))
    ahead = {"options": {"pythonpath": [str(PATH_HOOK)]}} if FAST_START.is_wanted else {}
    assert {name: made["workers"][0].pop(name) for name in ahead} == ahead
    assert made == template
    other = configuration(Wanted(9000, "::1", Path("/elsewhere")))
    endpoint = other["workers"][0]["transports"][0]["endpoint"]
    assert endpoint == {"type": "tcp", "port": 9000, "interface": "::1", "backlog": 1024, "version": 6}
    assert other["workers"][0]["components"][0]["extra"] == {"data": "/elsewhere"}
    given = {"port": "command line"}
    other = configuration(Wanted(9000, "::1", Path("/elsewhere"), given=given))
    assert other["workers"][0]["components"][0]["extra"] == {"data": "/elsewhere", "loglevel": "warn", "given": given}


def test_only_pages_of_this_machine_may_connect() -> None:
    (worker,) = configuration(Wanted(8080, "127.0.0.1", Path("data")))["workers"]
    paths = worker["transports"][0]["web"]["paths"]
    doors = {path: config for path, config in paths.items() if config["type"] == "websocket"}
    assert {path: config["auth"]["anonymous"]["role"] for path, config in doors.items()} == {
        "ws": "anonymous",
        "ws-view": "viewer",
    }
    for config in doors.values():
        options = config["options"]
        assert options["allow_null_origin"] is False
        assert all(
            origin.split("://")[1].startswith(("localhost:", "127.0.0.1:", "[::1]:")) for origin in options["allowed_origins"]
        )


def test_crossbars_lossy_features_are_not_used() -> None:
    text = "\n".join(line.split("#")[0] for line in (ROOT / ".crossbar/config.yaml").read_text().splitlines())
    for feature in ("concurrency", "event-history", "rlinks", "call-queue"):
        assert feature not in text
