"""The tests of the application: `python -m pytest`.  They need no node."""

import main
import pytest
from fastapi.testclient import TestClient
from tasks import Imported, app, import_people

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
