"""Many jobs, and one that adds up what they found: the words of all texts in a folder."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from taskbahn import Taskbahn, chord, current

app = Taskbahn()


@app.task(name="words.count")
def count(text: Path) -> dict[str, int]:
    """Count the words of a text."""
    return Counter(re.findall(r"\w+", text.read_text(encoding="utf-8", errors="replace").lower()))


@app.task(name="words.add_up")
def add_up(counts: list[dict[str, int]], most: int) -> dict[str, int]:
    """Add up the words of several texts; return the most frequent ones."""
    total: Counter[str] = Counter()
    for words in counts:
        total.update(words)
    return dict(total.most_common(most))


def texts_in(folder: Path) -> list[Path]:
    """Return the texts in a folder.  Raises ValueError if there is nothing to count."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder on this machine")
    texts = sorted(folder.resolve().glob("*.txt"))
    if not texts:
        raise ValueError(f"{folder} has no file that ends in .txt")
    return texts


@app.task(name="words.of_folder")
def of_folder(folder: Path, most: int = 10) -> dict[str, int]:
    """Find the most frequent words of the texts in a folder: a job for each text, then one that adds up."""
    texts = texts_in(folder)
    return current.replace(chord((count.si(text) for text in texts), add_up.s(most)))
