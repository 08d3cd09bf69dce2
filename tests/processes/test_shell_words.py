"""A shell reads the words of commands in hints as the bytes that were meant."""

from __future__ import annotations

import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from taskbahn_router.text import shell_word

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=20))
def test_a_shell_takes_a_word_as_it_is(texts: list[str]) -> None:
    words = [shell_word(text) for text in texts]
    assert all(word.isprintable() for word in words), "what is copied is seen"
    said = subprocess.run(["bash", "-c", f"printf '%s\\0' {' '.join(words)}"], capture_output=True, check=True)
    assert said.stdout.decode().split("\0")[:-1] == texts
