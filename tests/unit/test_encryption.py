"""Envelopes, key rings, and the arguments of encrypted calls, without a router."""

from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import Concurrency, DecryptionFailed, InvalidOption, KeyRing, Rate, Taskbahn, Unique, current
from taskbahn.encryption import envelope
from taskbahn.encryption.arguments import decrypted, encrypted, encrypted_member, is_encrypted, key_of, opened_results
from taskbahn.encryption.attempts import AttemptCipher
from taskbahn.protocol import messages
from taskbahn.protocol.calls import calls_in, chunk_of
from taskbahn.protocol.ids import new_id
from taskbahn.protocol.inputs import filled

if TYPE_CHECKING:
    from pathlib import Path

KEY, OTHER_KEY = KeyRing.new_key(), KeyRing.new_key()
RING = KeyRing(k1=KEY, k2=OTHER_KEY)
JOB, OTHER = new_id(), new_id()
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
KEYS = st.text() | st.sampled_from(["$encrypted", "$secret", "$output", "$literal", "$input", "$results", "holes", "packed"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)


@given(st.lists(VALUES, max_size=4), st.dictionaries(st.text(), VALUES, max_size=3))
def test_arguments_come_out_as_they_went_in(args: list[Any], kwargs: dict[str, Any]) -> None:
    packed = messages.to_json([args, kwargs])
    travels = encrypted(RING, packed, "a.task", JOB)
    assert is_encrypted(travels)
    assert key_of(travels) == "k1"
    assert decrypted(RING, travels, "a.task", JOB) == (packed, "k1")


@given(st.data())
def test_results_of_others_come_into_their_places(data: st.DataObject) -> None:
    results: dict[int, Any] = {}
    places = st.just(None) | VALUES.map(lambda value: [value])  # None: a result of another job

    def given_in(drawn: list[Any] | None) -> tuple[Any, Any]:
        """Return what is written, and what is meant."""
        if drawn is not None:
            return ({"$literal": drawn[0]}, drawn[0]) if isinstance(drawn[0], dict) else (drawn[0], drawn[0])
        results[len(results)] = data.draw(VALUES)
        return {"$output": len(results) - 1}, results[len(results) - 1]

    args = [given_in(one) for one in data.draw(st.lists(places, max_size=4))]
    lists = [[given_in(one) for one in items] for items in data.draw(st.lists(st.lists(places, max_size=3), max_size=2))]
    kwargs = {name: given_in(one) for name, one in data.draw(st.dictionaries(st.text(), places, max_size=3)).items()}
    before = data.draw(st.lists(VALUES, max_size=1))
    written = messages.to_json(
        [[*(one[0] for one in args), *([one[0] for one in items] for items in lists)], {n: one[0] for n, one in kwargs.items()}]
    )
    meant = [
        [*before, *(one[1] for one in args), *([one[1] for one in items] for items in lists)],
        {n: one[1] for n, one in kwargs.items()},
    ]
    outer, names = messages.from_json(encrypted_member(RING, written, "a.task"))
    outer = [{"$input": one["$output"]} if isinstance(one, dict) and "$output" in one else one for one in outer]
    outer = [*({"$literal": value} if isinstance(value, dict) else value for value in before), *outer] if before else outer
    sealed = {
        position: envelope.as_json(RING.encrypt(messages.to_json(value), envelope.RESULT, OTHER))
        for position, value in results.items()
    }
    if any(envelope.text_in(value) for value in before):
        return
    travels = filled(messages.to_json([outer, names]), sealed)
    text, _ = decrypted(RING, travels, "a.task", JOB)
    assert messages.from_json(text) == meant


def test_a_chunk_has_each_call_encrypted() -> None:
    calls = [messages.to_json([[number], {}]) for number in range(3)]
    travels = chunk_of(encrypted_member(RING, call, "a.task") for call in calls)
    assert is_encrypted(travels)
    assert calls_in(decrypted(RING, travels, "a.task", JOB)[0]) == calls


@pytest.mark.parametrize("purpose", envelope.PURPOSES)
def test_an_envelope_fits_one_place_alone(purpose: str) -> None:
    right = envelope.parsed(RING.encrypt("text", purpose, JOB, "more"))
    assert RING.decrypt(right, "more") == "text"
    wrong = [right._replace(purpose=other) for other in envelope.PURPOSES if other != purpose]
    wrong += [right._replace(scope=OTHER), right._replace(scope="*"), right._replace(key="k2")]
    for one in wrong:
        with pytest.raises(DecryptionFailed, match="cannot be decrypted: it was changed on its way"):
            RING.decrypt(one, "more")
    with pytest.raises(DecryptionFailed):
        RING.decrypt(right, "other")


@given(st.text(max_size=30), st.data())
def test_what_is_changed_or_cut_is_refused(text: str, data: st.DataObject) -> None:
    right = envelope.parsed(RING.encrypt(text, envelope.RESULT, JOB))
    sealed = bytearray(envelope.decoded(right.data))
    place, bit = data.draw(st.integers(0, len(sealed) - 1)), data.draw(st.integers(0, 7))
    sealed[place] ^= 1 << bit
    cut = envelope.decoded(right.data)[: data.draw(st.integers(0, len(sealed) - 1))]
    for changed in (envelope.encoded(bytes(sealed)), envelope.encoded(cut), right.data + "A", "é"):
        with pytest.raises(DecryptionFailed):
            RING.decrypt(right._replace(data=changed))
    for changed in (right.data + "==", right.data + ".", right.data + "\n", ""):
        with pytest.raises(DecryptionFailed):
            envelope.parsed(right._replace(data=changed).text())


@given(st.text() | st.text().map(lambda text: f"1.{text}") | st.lists(st.text(), min_size=5, max_size=5).map(".".join))
def test_what_is_no_envelope_is_refused_or_left_alone(text: str) -> None:
    value = {"$encrypted": text}
    try:
        found = envelope.found(value, envelope.RESULT)
    except DecryptionFailed:
        return
    assert found is None


def test_arguments_of_another_job_or_task_are_refused() -> None:
    travels = encrypted(RING, "[[1],{}]", "a.task", JOB)
    with pytest.raises(DecryptionFailed, match="was encrypted for another job"):
        decrypted(RING, travels, "a.task", OTHER)
    with pytest.raises(DecryptionFailed, match="it belongs to another place"):
        decrypted(RING, travels, "other.task", JOB)
    for plain in ("[[1],{}]", "[[],{}]", travels.replace("arguments", "result")):
        with pytest.raises(DecryptionFailed, match="takes encrypted calls alone"):
            decrypted(RING, plain, "a.task", JOB)


def test_a_result_of_another_job_is_refused() -> None:
    text = envelope.as_json(RING.encrypt("1", envelope.RESULT, OTHER))
    assert opened_results(RING, f"[{text}]", None) == "[1]"
    with pytest.raises(DecryptionFailed, match="the router has mixed them up, or lies"):
        opened_results(RING, text, JOB)


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    old, both, new = KeyRing(k1=KEY), KeyRing(k2=OTHER_KEY, k1=KEY), KeyRing(k2=OTHER_KEY)
    before, after = encrypted(old, "[[1],{}]", "a.task", JOB), encrypted(both, "[[1],{}]", "a.task", JOB)
    assert (key_of(before), key_of(after)) == ("k1", "k2")
    assert decrypted(both, before, "a.task", JOB) == ("[[1],{}]", "k1")
    assert decrypted(new, after, "a.task", JOB) == ("[[1],{}]", "k2")
    for ring, text, key in ((new, before, "k1"), (old, after, "k2"), (None, before, "k1")):
        with pytest.raises(DecryptionFailed, match=f"encrypted with key {key}, .*: set TASKBAHN_KEYS") as raised:
            decrypted(ring, text, "a.task", JOB)
        assert raised.value.detail == {"key": key}


def test_a_declaration_becomes_the_same_text_each_time() -> None:
    texts = {encrypted(RING, "[[1],{}]", "a.task", "*", is_fixed=True) for _ in range(3)}
    assert len(texts) == 1
    assert len({encrypted(RING, "[[1],{}]", "a.task", "*") for _ in range(3)}) == 3
    assert encrypted(RING, "[[2],{}]", "a.task", "*", is_fixed=True) not in texts


# what an attempt gets from outside


def test_a_note_of_the_code_in_plain_text_is_refused() -> None:
    cipher = AttemptCipher(RING, "k1", JOB)
    with pytest.raises(DecryptionFailed, match="is not encrypted, and the job is"):
        cipher.open_all({"step:one": "1"})
    notes = {"@suspensions": "1"}
    assert not cipher.open_one(notes | {"message:000000001": '"plain"'}, "message:000000001")
    notes["step:one"] = cipher.notice("note", {"name": "step:one", "value": "[1]"})["value"]
    other = {"step:two": notes["step:one"]}
    cipher.open_all(notes)
    assert notes == {"@suspensions": "1", "step:one": "[1]"}
    with pytest.raises(DecryptionFailed):
        cipher.open_all(other)


# key rings


def test_a_ring_is_read_from_text_file_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# of the shop\nnew={OTHER_KEY}  # since May\n\nold={KEY}\n")
    path.chmod(0o644)
    with pytest.raises(InvalidOption, match=r"others may read or change this key \(mode 644\); run `chmod 600"):
        KeyRing.from_file(path)
    path.chmod(0o600)
    assert KeyRing.from_file(path).names == ("new", "old")
    assert KeyRing.from_text(f"a={KEY},b={OTHER_KEY} c={KEY}").names == ("a", "b", "c")
    assert Taskbahn().keys is None
    monkeypatch.setenv("TASKBAHN_KEYS", f"k1={KEY}")
    ring = Taskbahn().keys
    assert ring is not None
    assert ring.names == ("k1",)
    monkeypatch.setenv("TASKBAHN_KEYS_FILE", str(path))
    with pytest.raises(InvalidOption, match="both set"):
        Taskbahn()
    monkeypatch.delenv("TASKBAHN_KEYS")
    assert repr(Taskbahn().keys) == "KeyRing(new=…, old=…)"


def test_base64_of_addresses_and_without_padding_is_a_key_too() -> None:
    data = bytes(range(224, 256))
    text = base64.urlsafe_b64encode(data).decode().rstrip("=")
    made = envelope.parsed(KeyRing(k=text).encrypt("x", envelope.RESULT, JOB))
    assert KeyRing(k=data).decrypt(made) == "x"


@pytest.mark.parametrize(
    "make",
    [
        KeyRing,
        lambda: KeyRing(k1=KEY[:-5]),
        lambda: KeyRing(k1=KEY + KEY),
        lambda: KeyRing(k1=f"é{KEY}"),
        lambda: KeyRing(**{"a key": KEY}),
        lambda: KeyRing(**{"k." + KEY: KEY}),
        lambda: KeyRing(k1=5),  # type: ignore[arg-type]
        lambda: KeyRing.from_text(KEY),
        lambda: KeyRing.from_text(f"k1={KEY} k1={OTHER_KEY}"),
        lambda: KeyRing.from_text(f"k1 = {KEY}"),
        lambda: KeyRing.from_text(""),
        lambda: KeyRing.from_file("/no/such/file"),
        lambda: Taskbahn(keys={"k1": KEY}),  # type: ignore[arg-type]
        lambda: Taskbahn(keys=KEY),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_ring_is_refused_in_words_without_a_key(make: Any) -> None:
    with pytest.raises(InvalidOption) as raised:
        make()
    assert KEY[:12] not in str(raised.value)
    assert KEY[:12] not in repr(raised.value.detail)


def test_a_ring_shows_and_gives_no_key() -> None:
    assert KEY not in f"{RING} {RING!r} {vars(Taskbahn(keys=RING))}"
    assert KEY not in repr([getattr(RING, name, None) for name in dir(RING) if not name.startswith("_KeyRing")])
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.copy(RING)


# declarations


def work(a: int = 1, b: int = 2) -> int:
    return a + b


def show(text: str) -> str:
    return text


@pytest.mark.parametrize(
    "options",
    [
        {"unique": Unique()},
        {"unique": Unique(key="{a}")},
        {"limits": [Rate("1/s", key="{a}")]},
        {"limits": [Concurrency(1, key="{b}")]},
        {"limits": [Rate("9/s", cost="{a}", burst=9)]},
        {"fair_key": "{a}"},
    ],
)
def test_keys_that_read_encrypted_arguments_are_refused(options: dict[str, Any]) -> None:
    app = Taskbahn(keys=RING)
    with pytest.raises(InvalidOption, match="encrypted"):
        app.task(encrypt=True, **options)(work)
    app.task(**options)(work)


def test_keys_of_what_the_node_knows_are_taken() -> None:
    app = Taskbahn(keys=RING)
    task = app.task(encrypt=True, unique=Unique(key="{@caller}"), limits=[Rate("1/s")], fair_key="{@tag:user}")(work)
    assert task.declaration().encrypt


def test_without_keys_nothing_is_declared_or_called_encrypted() -> None:
    app = Taskbahn()
    with pytest.raises(InvalidOption, match=r"there are no keys to encrypt .*work with: set TASKBAHN_KEYS"):
        app.task(encrypt=True)(work)
    with pytest.raises(InvalidOption, match="there are no keys"):
        app.task(work).options(encrypt=True)
    with pytest.raises(InvalidOption, match="it is true or false"):
        app.task(encrypt="k1")(work)  # type: ignore[call-overload]


def test_a_call_cannot_take_back_what_its_task_says() -> None:
    task = Taskbahn(keys=RING).task(encrypt=True)(work)
    with pytest.raises(InvalidOption, match="takes encrypted calls alone"):
        task.options(encrypt=False)
    with pytest.raises(InvalidOption, match="takes encrypted calls alone"):
        task.s(1).options(encrypt=False)


def test_the_node_itself_has_no_keys() -> None:
    app = Taskbahn(keys=RING)
    with pytest.raises(InvalidOption, match="the node itself runs"):
        app.get("taskbahn.mail").options(encrypt=True)


def test_what_the_node_fills_in_cannot_be_encrypted() -> None:
    app = Taskbahn(keys=RING)
    task = app.task(encrypt=True)(work)
    with pytest.raises(InvalidOption, match="an event or a hook cannot start"):
        app.on("orders.created", kwargs={"a": "{event.a}"})(task)
    with pytest.raises(InvalidOption, match="puts the time into"):
        app.schedule("0 3 * * *", kwargs={"a": "{@due:%Y}"})(task)
    with pytest.raises(InvalidOption, match="puts the time into"):
        app.task(name="shows", encrypt=True)(show).si("{@due}").data()


def test_a_schedule_of_an_encrypted_task_keeps_ciphertext() -> None:
    app = Taskbahn(keys=RING)
    task = app.task(name="a.task", encrypt=True)(work)
    app.schedule("0 3 * * *", kwargs={"a": 4711})(task)
    call = app.declared_schedules["a.task"].spec["call"]
    assert decrypted(RING, call["packed"], "a.task", JOB)[0] == '[[],{"a":4711}]'
    assert current.job is None
