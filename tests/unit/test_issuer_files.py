"""Issuers in a file: what is read, what each error says, and the option of `taskbahn up`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.documents import blocks

from taskbahn.cli.issuer_options import issuers_in
from taskbahn.errors import InvalidOption
from taskbahn_router.company.id_tokens import ALGORITHMS
from taskbahn_router.node.launcher import Wanted, configuration
from taskbahn_router.outside.files import MAX_AGE_SECONDS, read_issuers
from taskbahn_router.outside.issuers import Issuer

ROOT = Path(__file__).parents[2]
LEAST = """
[acme]
issuer = "https://acme.eu.auth0.com/"
audience = "https://jobs.acme.example"
client = "shop"
tags = ["user:{sub}"]
"""
WHOLE = """
# of the shop
[acme]
issuer = "https://acme.eu.auth0.com/"
audience = ["https://jobs.acme.example", "other"]
jwks = "https://keys.acme.example/jwks.json"
algorithms = ["RS256", "EdDSA"]
client = "shop"
tags = ["user:{sub}", "org:{org.id}", "all"]
start = ["images.*"]
verbs = ["cancel", "answer", "send", "retry"]
require = { groups = ["staff", "guests"], email_verified = true }
max_age = "1h30m"
"""


def read(folder: Path, text: str | bytes) -> list[Issuer]:
    file = folder / "issuers.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_issuers(file)


def test_issuers_are_read_whole(tmp_path: Path) -> None:
    [found] = read(tmp_path, WHOLE)
    assert (found.name, found.issuer, found.client) == ("acme", "https://acme.eu.auth0.com/", "shop")
    assert (found.audience, found.jwks) == (("https://jobs.acme.example", "other"), "https://keys.acme.example/jwks.json")
    assert (found.algorithms, found.start) == (("RS256", "EdDSA"), ("images.*",))
    assert [tag.text for tag in found.tags] == ["user:{sub}", "org:{org.id}", "all"]
    assert found.require == {"groups": ("staff", "guests"), "email_verified": (True,)}
    assert (found.verbs, found.max_age) == (("cancel", "answer", "send", "retry"), 5400.0)
    assert Issuer.of(json.loads(json.dumps(found.plain()))) == found


def test_what_is_left_out_has_defaults(tmp_path: Path) -> None:
    [found] = read(tmp_path, "\ufeff" + LEAST)
    assert (found.algorithms, found.jwks, found.start, found.verbs) == (ALGORITHMS, "", (), ())
    assert (dict(found.require), found.max_age) == ({}, MAX_AGE_SECONDS)
    [local] = read(tmp_path, LEAST.replace("https://acme.eu.auth0.com/", "http://127.0.0.1:8000/realms/x"))
    assert local.issuer == "http://127.0.0.1:8000/realms/x"


def test_paths_of_required_claims_are_dotted_or_tables(tmp_path: Path) -> None:
    for line in (
        'require.realm_access.roles = "a"',
        'require = { "realm_access.roles" = "a" }',
        'require.realm_access = { roles = ["a"] }',
    ):
        [found] = read(tmp_path, LEAST + line)
        assert found.require == {"realm_access.roles": ("a",)}


def changed(key: str, value: str) -> str:
    lines = [line for line in LEAST.splitlines() if not line.startswith(f"{key} =")]
    return "\n".join([*lines, f"{key} = {value}", ""])


@pytest.mark.parametrize(
    "text, where, why",
    [
        ("[acme]\nissuer = ", "", "line 2, column 10"),
        ("", "", "it has no issuers"),
        (b"\xff", "", "no UTF-8"),
        ("# " + "x" * 2**20, "", "more than 1 MiB"),
        ('issuer = "https://a.example"', "issuer", "outside of a table"),
        (LEAST.replace("[acme]", "[Acme]"), "[Acme]", "small letters"),
        (LEAST.replace("audience", "audiense"), "[acme]", "did you mean 'audience'"),
        ('[acme]\nissuer = "https://a.example"', "[acme]", "audience is missing: add audience"),
        (changed("issuer", '"http://acme.example"'), "[acme], issuer", "http:// is for this machine alone"),
        (changed("issuer", '"acme.example"'), "[acme], issuer", "write https://"),
        (changed("issuer", '"https://a:b@acme.example"'), "[acme], issuer", "is no address"),
        (changed("issuer", '"https://acme.example?x=1"'), "[acme], issuer", "leave out"),
        (changed("issuer", "3"), "[acme], issuer", "is no address"),
        (changed("jwks", '"http://acme.example/keys"'), "[acme], jwks", "http:// is for this machine alone"),
        (changed("jwks", '"file:///etc/passwd"'), "[acme], jwks", "is no address"),
        (changed("audience", "[]"), "[acme], audience", "a list of 1 to"),
        (changed("audience", '""'), "[acme], audience", "printable characters"),
        (changed("client", '"a:b"'), "[acme], client", "is no name"),
        (changed("algorithms", '["HS256"]'), "[acme], algorithms", "'HS256' is no algorithm of public keys"),
        (changed("algorithms", '["none"]'), "[acme], algorithms", "'none' is no algorithm of public keys"),
        (changed("algorithms", "[]"), "[acme], algorithms", "a list of 1 to"),
        (changed("tags", '"user:{sub}"'), "[acme], tags", "a list of 0 to"),
        (changed("tags", '["user:{sub"]'), "[acme], tags", "left over"),
        (changed("tags", '["{org}{sub}"]'), "[acme], tags", "follow each other"),
        (changed("tags", '["user:{ sub }"]'), "[acme], tags", "spaces in the braces"),
        (changed("tags", '["user:*"]'), "[acme], tags", "a character that no tag"),
        (changed("start", "[3]"), "[acme], start", "printable characters"),
        (changed("verbs", '["cancle"]'), "[acme], verbs", "did you mean 'cancel'"),
        (changed("require", '"staff"'), "[acme], require", "it is a table"),
        (changed("require", "{ level = 1.5 }"), "[acme], require", "level = 1.5"),
        (changed("require", "{ groups = [] }"), "[acme], require", "groups = []"),
        (changed("max_age", '"1 week"'), "[acme], max_age", "a duration is"),
        (changed("max_age", '"31d"'), "[acme], max_age", "from 10s to 30d"),
        (changed("max_age", "true"), "[acme], max_age", "from 10s to 30d"),
        (changed("max_age", "nan"), "[acme], max_age", "from 10s to 30d"),
        (changed("tags", "[]"), "[acme]", "add start, as"),
        (changed("tags", '[]\nverbs = ["cancel"]'), "[acme]", "add start, as"),
        (LEAST + LEAST.replace("[acme]", "[other]"), "[other]", "[acme] has the same issuer and audience"),
    ],
)
def test_an_error_names_file_place_and_remedy(tmp_path: Path, text: str | bytes, where: str, why: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        read(tmp_path, text)
    message = refused.value.message
    assert message.startswith(f"--issuers {tmp_path / 'issuers.toml'}{f', {where}' if where else ''}: ")
    assert why in message
    assert len(message) < 600


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="No such file"):
        read_issuers(tmp_path / "none.toml")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_sentence(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    for whole in (text, LEAST + text, f"{LEAST}start = [{json.dumps(text)}]", f"{LEAST}require.x = {json.dumps(text)}"):
        try:
            read(folder, whole.encode("utf-8", "surrogatepass"))
        except InvalidOption as error:
            assert error.message.startswith("--issuers ")  # noqa: PT017 - hypothesis wants no parametrization


def test_the_configuration_of_a_node_has_the_issuers(tmp_path: Path) -> None:
    found = tuple(issuer.plain() for issuer in read(tmp_path, LEAST))
    wanted = Wanted(8080, "127.0.0.1", tmp_path, auth=[], issuers=found)
    extra = configuration(wanted)["workers"][0]["components"][0]["extra"]
    assert json.loads(json.dumps(extra["issuers"])) == list(extra["issuers"]) == list(found)
    bare: dict[str, Any] = configuration(Wanted(8080, "127.0.0.1", tmp_path, auth=[]))["workers"][0]["components"][0]["extra"]
    assert "issuers" not in bare


def test_a_wrong_file_ends_the_start_with_its_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert issuers_in(None) == ()
    file = tmp_path / "issuers.toml"
    file.write_text(LEAST)
    assert [issuer["name"] for issuer in issuers_in(file)] == ["acme"]
    file.write_text(changed("algorithms", '["HS256"]'))
    with pytest.raises(SystemExit) as ended:
        issuers_in(file)
    assert ended.value.code == 1
    assert f"taskbahn: --issuers {file}, [acme], algorithms: 'HS256' is no algorithm" in capsys.readouterr().err


def test_the_file_of_the_documentation_is_read(tmp_path: Path) -> None:
    [text] = [each.text for each in blocks(ROOT / "docs/browser-tokens.md") if each.language == "toml" and "issuer" in each.text]
    assert [issuer.client for issuer in read(tmp_path, text)] == ["shop"]
