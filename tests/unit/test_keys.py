"""Keys: what is one, whom it lets in, which files are taken, and what is signed."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.errors import InvalidOption, InvalidRequest
from taskbahn.transport.key_file import Key, key_of, new_key_file
from taskbahn.transport.login import login_of
from taskbahn_router.access.book import CredentialBook, Principal
from taskbahn_router.access.challenges import MAX_OPEN, OPEN_SECONDS, Challenges, Question
from taskbahn_router.access.keys import check_new, key_view, made_of, new_key, public_key_in
from taskbahn_router.access.tokens import new_token
from taskbahn_router.core.credentials import SHARED, SIGNING

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1000.0
PUBLIC = "4a" * 32


def public_of(seed: bytes) -> ed25519.Ed25519PublicKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key()


class Time:
    def __init__(self) -> None:
        self.now = NOW
        self.ended: list[int] = []
        self.book = CredentialBook(lambda: self.now, lambda session, _: self.ended.append(session))
        self.challenges = Challenges(self.book, lambda: self.now)

    def add(self, name: str = "shop", public: str = PUBLIC, lifetime: float | None = None) -> Principal:
        row = new_key(name, "client", public, self.now, "ada", lifetime)
        self.book.put(row)
        return Principal(row.name, row.role, row.id)


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["", " a comment"]))
def test_a_public_key_is_read_in_each_form(seed: bytes, comment: str) -> None:
    public = public_of(seed)
    raw = public.public_bytes_raw()
    openssh = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    for text in (raw.hex(), raw.hex().upper(), f" {raw.hex()}\n", openssh + comment, pem):
        assert public_key_in(text) == raw


@given(st.one_of(st.text(max_size=200), st.none(), st.integers(), st.binary(max_size=40), st.lists(st.text())))
def test_anything_else_is_refused_and_not_shown(text: Any) -> None:
    try:
        found = public_key_in(text)
    except InvalidRequest as error:
        said = error.message
    else:
        said, text = "", None
        assert len(found) == 32
    assert not isinstance(text, str) or len(text) < len("ssh-ed25519 AAAA...") or text not in said


@pytest.mark.parametrize("kind", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.OpenSSH])
def test_a_private_key_is_no_public_one(kind: serialization.PrivateFormat) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    text = key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()
    with pytest.raises(InvalidRequest, match="that is a private key") as caught:
        public_key_in(text)
    assert not any(line in caught.value.message for line in text.splitlines())


def test_a_key_of_another_algorithm_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    for encoding, form in (
        (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
    ):
        with pytest.raises(InvalidRequest, match="no public key of Ed25519"):
            public_key_in(key.public_bytes(encoding, form).decode())


def test_a_key_lets_in_until_it_is_revoked_or_over() -> None:
    time = Time()
    who = time.add(lifetime=60)
    assert time.book.find_key(SIGNING, bytes.fromhex(PUBLIC)) == who
    assert time.book.find(PUBLIC) == "no such token"
    assert "no such key" in str(time.book.find_key(SIGNING, bytes(32)))
    time.challenges.asked(7, Question(who))
    time.challenges.joined(7)
    time.now += 60
    time.book.end_expired()
    assert time.ended == [7]
    assert "expired" in str(time.book.find_key(SIGNING, bytes.fromhex(PUBLIC)))


def test_a_key_that_was_revoked_may_come_again() -> None:
    time = Time()
    old = time.book.row(time.add().credential)
    assert old is not None
    again = new_key("shop", "client", PUBLIC, NOW, None)
    with pytest.raises(InvalidRequest, match="is there already"):
        check_new(time.book, again)
    time.book.put(old._replace(revoked_at=NOW))
    check_new(time.book, again)
    time.book.put(again)
    time.book.put(old._replace(revoked_at=NOW, revoked_by="bob"))  # whatever comes of the old one
    assert time.book.find_key(SIGNING, bytes.fromhex(PUBLIC)) == Principal("shop", "client", again.id)


def test_tokens_and_keys_of_a_name_have_one_role() -> None:
    time = Time()
    time.add()
    with pytest.raises(InvalidRequest, match="`taskbahn key revoke shop`"):
        time.book.check_role("shop", "admin")
    made = new_token("bot", "worker", NOW, None)
    time.book.put(made.row)
    with pytest.raises(InvalidRequest, match="`taskbahn token revoke bot`"):
        check_new(time.book, new_key("bot", "client", "5b" * 32, NOW, None))
    assert [row.kind for row in time.book.all()] == ["token"]
    assert time.book.named("shop") == []


def test_a_key_that_is_revoked_meanwhile_ends_the_session_it_opens() -> None:
    time = Time()
    who = time.add()
    time.challenges.asked(7, Question(who))
    row = time.book.row(who.credential)
    assert row is not None
    time.book.put(row._replace(revoked_at=NOW))
    assert time.ended == []
    time.challenges.joined(7)
    assert time.ended == [7]


def test_open_challenges_are_bounded_and_forgotten() -> None:
    time = Time()
    who = time.add()
    for session in range(MAX_OPEN + 10):
        time.challenges.asked(session, Question(who) if session % 2 else Question(None, "shop", "no such key"))
    assert len(time.challenges) == MAX_OPEN
    assert time.challenges.failed(MAX_OPEN + 9) == Question(who)
    assert time.challenges.failed(MAX_OPEN + 8) == Question(None, "shop", "no such key")
    assert time.challenges.failed(MAX_OPEN + 9) is None
    time.now += OPEN_SECONDS + 1
    time.challenges.asked(1_000_000, Question(who))
    assert len(time.challenges) == 1


def test_a_view_of_a_key_has_its_public_half() -> None:
    view = key_view(new_key("shop", "client", PUBLIC.upper(), NOW, "ada"))
    assert (view.method, view.public_key, view.created_by) == ("cryptosign", PUBLIC, "ada")


def test_a_secret_for_wampcra_is_found_by_its_name_alone() -> None:
    time = Time()
    row = made_of({"name": "plc", "role": "client", "wampcra": True}, NOW, "ada")
    check_new(time.book, row)
    time.book.put(row)
    assert time.book.find_key(SHARED, b"plc") == Principal("plc", "client", row.id)
    for kind, proof in ((SIGNING, row.proof), (SIGNING, b"plc"), (SHARED, row.proof), (SHARED, b"")):
        assert "no such key" in str(time.book.find_key(kind, proof))
    assert time.book.find(row.proof.decode()) == "no such token"
    assert key_view(row).secret is None
    assert row.proof.decode() not in repr(key_view(row))
    with pytest.raises(InvalidRequest, match="has a secret for WAMP-CRA already"):
        check_new(time.book, made_of({"name": "plc", "role": "client", "wampcra": True}, NOW, None))
    time.book.put(row._replace(revoked_at=NOW))
    check_new(time.book, made_of({"name": "plc", "role": "client", "wampcra": True}, NOW, None))


@pytest.mark.parametrize(
    "wanted", [{}, {"public_key": PUBLIC, "wampcra": True}, {"wampcra": "yes"}, {"wampcra": 2}, {"public_key": ["a"]}]
)
def test_what_is_neither_key_nor_secret_is_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        made_of({"name": "a", "role": "client", **wanted}, NOW, None)


# the files of programs


def test_a_new_key_is_for_its_user_alone_and_replaces_none(tmp_path: Path) -> None:
    file = tmp_path / "a.key"
    public = new_key_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = key_of(file)
    assert key is not None
    assert key.public == public
    content = file.read_bytes()
    with pytest.raises(InvalidOption, match="exists, and a key in it would be lost"):
        new_key_file(file)
    with pytest.raises(InvalidOption, match="No such file"):
        new_key_file(tmp_path / "none" / "a.key")
    assert file.read_bytes() == content
    assert "PRIVATE" not in repr(key)
    assert content.split(b"\n")[1].decode() not in repr(key)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666, 0o601])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a.key"
    new_key_file(file)
    file.chmod(mode)
    with pytest.raises(InvalidOption, match=f"mode {mode:03o}.*chmod 600"):
        key_of(file)
    link = tmp_path / "link"
    link.symlink_to(file)
    with pytest.raises(InvalidOption, match="chmod 600"):
        key_of(link)


def private(kind: Any, *, password: bytes = b"") -> bytes:
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(kind.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how))


@pytest.mark.parametrize(
    "content, why",
    [
        (b"", "no private key of Ed25519"),
        (b"\0" * 5000, "no private key of Ed25519"),
        (PUBLIC.encode(), "no private key of Ed25519"),
        (private(ec.generate_private_key(ec.SECP256R1())), "no private key of Ed25519"),
        (private(ed25519.Ed25519PrivateKey.generate())[:-40], "no private key of Ed25519"),
        (private(ed25519.Ed25519PrivateKey.generate(), password=b"x"), "has a passphrase"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nxx\n-----END OPENSSH PRIVATE KEY-----\n", "no private key of Ed25519"),
    ],
    ids=["empty", "too long", "public", "another kind", "cut off", "with a passphrase", "not base64"],  # not the random texts
)
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "a.key"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(InvalidOption, match=why):
        key_of(file)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path, why in (
        (tmp_path, "no file with a key"),
        (tmp_path / "none", "No such file"),
        (tmp_path / "pipe", "no file with a key"),
        (3, "not a int"),
    ):
        with pytest.raises(InvalidOption, match=why):
            key_of(path)


def test_a_login_is_by_token_or_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TASKBAHN_TOKEN", "TASKBAHN_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert login_of(None, None) is None
    file = tmp_path / "a.key"
    new_key_file(file)
    monkeypatch.setenv("TASKBAHN_KEY_FILE", str(file))
    assert isinstance(login_of(None, None), Key)
    assert not isinstance(login_of("a-token", None), Key)
    with pytest.raises(InvalidOption, match="give one of them"):
        login_of("a-token", file)
    monkeypatch.setenv("TASKBAHN_TOKEN", "a-token")
    with pytest.raises(InvalidOption, match="both set: unset one"):
        login_of(None, None)
    assert isinstance(login_of(None, file), Key)


@given(
    st.sampled_from(["cryptosign", "ticket", "wampcra"]),
    st.one_of(st.none(), st.text(max_size=70), st.integers(), st.binary(max_size=40).map(bytes.hex)),
)
def test_a_key_signs_challenges_and_nothing_else(method: str, challenge: Any) -> None:
    key = object.__new__(Key)
    secret = ed25519.Ed25519PrivateKey.generate()
    vars(key)["_key"] = secret
    is_one = method == "cryptosign" and isinstance(challenge, str) and is_hex(challenge)
    try:
        answer = bytes.fromhex(key.answer(method, {"challenge": challenge}))
    except ValueError:
        assert not is_one
    else:
        assert is_one
        secret.public_key().verify(answer[:64], answer[64:])
        assert answer[64:] == bytes.fromhex(challenge)


def is_hex(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 32
    except ValueError:
        return False


def test_a_session_that_ends_is_closed_once() -> None:
    time = Time()
    who = time.add(lifetime=60)
    time.book.opened(7, who)
    time.now += 60
    for _ in range(3):  # it takes a moment to leave
        time.book.end_expired()
    assert time.ended == [7]
    time.book.closed(7)
    time.book.opened(7, who)
    assert time.ended == [7, 7]
