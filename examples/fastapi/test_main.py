"""The tests of the application: `python -m pytest`.  They need no node."""

import main
import pytest
from fastapi.testclient import TestClient
from tasks import Imported, app, import_people

from taskbahn import InvalidToken, NotAllowed, RouterUnavailable
from taskbahn.testing import attempt, eager, recorded

TABLE = b"name,email\nAda,ada@example.org\nNo address,\n"
client = TestClient(main.web)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(main, "FOLDER", tmp_path)
    return tmp_path


def test_a_table_without_an_address_in_a_row(folder):
    (folder / "table.csv").write_bytes(TABLE)
    with attempt() as said:
        assert import_people(folder / "table.csv", folder / "people.db", pause=0) == Imported(1, 1)
    assert said.logs == ["2 rows, 1 of them without an address"]


@pytest.mark.parametrize("content, found", [("", "none"), ("id,mail\n1,ada@example.org\n", "id, mail")])
def test_a_table_without_the_columns(folder, content, found):
    (folder / "table.csv").write_text(content)
    with attempt(), pytest.raises(ValueError, match=f"name and email, but has {found}"):
        import_people(folder / "table.csv", folder / "people.db")


def test_an_upload_starts_a_job(folder):
    with recorded(app) as seen:
        id = client.post("/imports", files={"file": ("people.csv", TABLE)}).json()["id"]
        seen.started(import_people, folder / f"{id}.csv", folder / "people.db")


def test_the_result_is_in_the_answer():
    with eager(app):
        job = client.post("/imports", files={"file": ("people.csv", TABLE)}).json()
        assert client.get(f"/imports/{job['id']}").json()["result"] == {"stored": 1, "skipped": 1}


@pytest.mark.parametrize("error", [RouterUnavailable, InvalidToken, NotAllowed])
def test_what_is_for_operators_is_in_the_log_alone(monkeypatch, caplog, error):
    def refuse(*_):
        raise error("ws://node: see taskbahn token list")

    monkeypatch.setattr(type(import_people), "job", refuse)
    answer = client.get("/imports/01890000-0000-7000-8000-000000000000")
    assert (answer.status_code, answer.json()["detail"]) == (503, "Imports do not answer now. Try again in a minute.")
    assert "see taskbahn token list" in caplog.text
