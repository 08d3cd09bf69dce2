"""The sentences of the dispatcher that the elements put into other languages are those of its code."""

from __future__ import annotations

import jsonschema_rs
from support.dispatcher_sentences import FILE, UNUSED, WRONG, sentences


def test_the_vectors_of_sentences_are_those_of_the_code() -> None:
    assert FILE.read_text("utf-8") == sentences(), (
        "in tests/, run python -m support.dispatcher_sentences, then give each a German text"
    )


def test_every_kind_of_wrong_argument_has_its_sentence() -> None:
    kinds = {name for name in dir(jsonschema_rs.ValidationErrorKind) if name[0].isupper()}
    assert kinds == {*WRONG, *UNUSED}
