"""Docstrings as the site shows them: each argument is an item of a list."""

from __future__ import annotations

import pytest
from scripts.argument_lists import listed


@pytest.mark.parametrize("docstring, shown", [
    ("Do.\n\nurl: a router.   timeout: seconds that it\nwaits.", "Do.\n\n- `url`: a router.\n- `timeout`: seconds that it waits."),
    ("Do it.\n\na, b: numbers. c: a text.  Raises TooLarge.", "Do it.\n\n- `a, b`: numbers.\n- `c`: a text.\n\nRaises TooLarge."),
    ("A node.   url: its address.\nport: one that is free.", "A node.\n\n- `url`: its address.\n- `port`: one that is free."),
    ("Times of a rule: `a | b` has both, and so\non: all.", "Times of a rule: `a | b` has both, and so\non: all."),
    ("Do it.\n\n```python\nx: int = 1\n```", "Do it.\n\n```python\nx: int = 1\n```"),
    ("Do it.\n\nRaises InvalidOption.", "Do it.\n\nRaises InvalidOption."),
])  # fmt: skip
def test_arguments_of_a_docstring_become_a_list(docstring: str, shown: str) -> None:
    assert listed(docstring).replace("`a`, `b`", "`a, b`") == shown
