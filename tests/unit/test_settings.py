"""The effective configuration: every value is what holds, and says where it comes from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from taskbahn.cli import cli, up
from taskbahn.protocol.views import Setting
from taskbahn_router.node.launcher import Wanted, configuration
from taskbahn_router.queries.settings import as_of_now, settings
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.workers import registry

TEMPLATE = Path(__file__).parents[2] / "router/taskbahn_router/node/node.yaml"
GIVEN = {"port": "command line", "interface": "default", "data": "environment", "loglevel": "default", "origins": "command line"}

ORIGINS = ("https://a.example:443", "http://b.example:8000")

Ask = Callable[..., dict[str, Setting]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Return the settings by name, of a node in a directory of its own."""

    def ask(**extra: Any) -> dict[str, Setting]:
        found = msgspec.convert(settings(tmp_path, extra, Path("/data")), list[Setting])
        assert len({setting.name for setting in found}) == len(found)
        return {setting.name: setting for setting in found}

    return ask


def test_a_node_of_taskbahn_up_says_what_the_operator_gave(ask: Ask, tmp_path: Path) -> None:
    told = {"loglevel": "info", "given": GIVEN}
    (tmp_path / "config.json").write_text(
        json.dumps(configuration(Wanted(9000, "::1", Path("/data"), "info", ("https://a.example:443",), given=GIVEN)))
    )
    found = ask(**told)
    node = {name: (found[f"node.{name}"].value, found[f"node.{name}"].source) for name in GIVEN if name != "origins"}
    assert node == {
        "port": (9000, "command line"),
        "interface": ("::1", "default"),
        "data": ("/data", "environment"),
        "loglevel": ("info", "default"),
    }
    assert found["node.port"].change == "taskbahn up --port or TASKBAHN_UP_PORT"
    origins = found["node.allowed_origins"]
    assert (origins.value[-1], origins.source) == ("https://a.example:443", "command line")
    assert origins.change == "taskbahn up --origin or TASKBAHN_UP_ORIGIN"
    assert (found["node.auto_ping_interval"].value, found["node.auto_ping_interval"].source) == (10.0, "default")


def test_a_port_that_speaks_tls_shows_its_files(ask: Ask, tmp_path: Path) -> None:
    wanted = Wanted(9000, "::1", Path("/data"), given=GIVEN, tls_cert=Path("/etc/a=:b.pem"))
    made = configuration(wanted, inner=Path("/data/node/inner.sock"))
    (tmp_path / "config.json").write_text(json.dumps(made))
    (worker,) = made["workers"]
    outer, inner = worker["transports"]
    words = r"taskbahn:port=9000:interface=\:\:1:tls_cert=/etc/a\=\:b.pem:tls_key=/etc/a\=\:b.pem:backlog=1024"
    assert outer["endpoint"] == {"type": "twisted", "server_string": words}
    assert inner["endpoint"]["server_string"] == "unix:/data/node/inner.sock:mode=600:lockfile=0"
    assert {**inner, "endpoint": "", "id": ""} == {**outer, "endpoint": "", "id": ""}
    found = ask(**worker["components"][0]["extra"])
    shown = {name: found[f"node.{name}"].value for name in ("port", "interface", "tls_cert", "tls_key")}
    assert shown == {"port": 9000, "interface": "::1", "tls_cert": "/etc/a=:b.pem", "tls_key": "/etc/a=:b.pem"}
    assert "node.socket" not in found


def test_a_node_of_crossbar_start_names_its_file(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(TEMPLATE.read_text())
    (tmp_path / "config.json").write_text("{}")  # Crossbar does not read it then
    found = ask(data="../.taskbahn")
    assert (found["node.port"].value, found["node.port"].source, found["node.port"].change) == (
        8080,
        "config.yaml",
        "edit config.yaml",
    )
    assert found["node.allowed_origins"].source == "config.yaml"
    assert "http://localhost:*" in found["node.allowed_origins"].value
    assert "node.loglevel" not in found


@pytest.mark.parametrize("text", ["", "[", "[]", "workers: [{type: container}]", "workers: [{transports: [{type: rawsocket}]}]"])
def test_a_configuration_of_another_shape_leaves_out_what_it_does_not_say(ask: Ask, tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    found = ask()
    assert "node.port" not in found
    assert found["node.data"].value == "/data"
    assert found["workers.grace"].value == registry.GRACE_SECONDS


def test_no_configuration_is_no_error(ask: Ask) -> None:
    assert "node.port" not in ask()


def test_what_the_settings_say_of_the_store_is_what_it_does(ask: Ask, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.open()
    try:
        assert store._connection is not None
        levels = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
        assert ask()["store.synchronous"].value == levels[store._connection.execute("PRAGMA synchronous").fetchone()[0]]
        assert ask()["store.journal"].value == store._connection.execute("PRAGMA journal_mode").fetchone()[0].upper()
        assert ask()["store.file"].value == str(Path("/data") / store.path.name)
        assert ask()["versions.sqlite"].value == sqlite3.sqlite_version
    finally:
        store.close()


@pytest.mark.parametrize(
    "arguments, environment, given",
    [
        ([], {}, {"port": (8080, "default"), "loglevel": ("warn", "default")}),
        (["--port", "9000"], {"TASKBAHN_UP_PORT": "9001"}, {"port": (9000, "command line")}),
        (
            [],
            {"TASKBAHN_UP_PORT": "9001", "TASKBAHN_UP_DATA": "d"},
            {"port": (9001, "environment"), "data": (Path("d"), "environment")},
        ),
        (["--origin", "https://a.example"], {}, {"origins": (("https://a.example:443",), "command line")}),
        ([], {"TASKBAHN_UP_ORIGIN": "https://a.example http://b.example:8000/"}, {"origins": (ORIGINS, "environment")}),
        ([], {"TASKBAHN_PORT": "tcp://10.0.0.7:8080"}, {"port": (8080, "default")}),  # as Kubernetes sets it
    ],
)
def test_up_knows_where_each_option_comes_from(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], environment: dict[str, str], given: dict[str, Any]
) -> None:
    called: list[Any] = []
    node = SimpleNamespace(up=lambda *args: called.append(args), Wanted=Wanted)
    monkeypatch.setattr(up, "importlib", SimpleNamespace(import_module={"taskbahn_router.node.launcher": node}.__getitem__))
    result = CliRunner().invoke(cli, ["up", *arguments], env=environment)
    assert result.exit_code == 0, result.output
    ((wanted, _),) = called
    assert set(wanted.given) == {field.name for field in fields(Wanted)} - {"given"}
    assert {name: (getattr(wanted, name), wanted.given[name]) for name in given} == given


def test_the_mode_of_the_data_directory_is_that_of_now(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    found = settings(tmp_path, {}, data)
    rights = {"name": "node.data_rights"}.items()
    for mode in (0o755, 0o700):
        data.chmod(mode)
        assert [each["value"] for each in as_of_now(found) if rights <= each.items()] == [f"{mode:o}"]
    data.rmdir()
    assert as_of_now(found) == found
