"""Hold texts to the word list, and pages of the documentation to 100 columns.

Most words of the list hide who does a thing; name that part instead: the client, the worker, the dispatcher, the store. In
Python the check reads comments and strings, in other files everything. ALLOWED has the number of words that a folder still
contains. The check fails above that number and also below it, so that the number falls with each word that goes.
"""

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

WIDTH = 100
WORDS = re.compile(
    r"\b(?:who(?:m|so)?ever|(?:no|some|any)body|someone|anyone|let(?:s|ting)? (?:\w+ )?out|stands|told|anew"
    r"|so many|of ours|of theirs|to and fro)\b",
    re.IGNORECASE,
)
LEGITIMATE = re.compile(r"\bstands (?:for|in for)\b|\bso many that\b", re.IGNORECASE)
SUFFIXES = {".md", ".py", ".sql", ".js", ".css", ".html", ".sh", ".cfg", ".toml", ".yaml"}
FOLDERS = ("docs", "news", "examples", "benchmarks", "chaos", "scripts", "components", "router", "web", "tests")
EXEMPT = {"scripts/check_prose.py", "tests/unit/test_check_prose.py"}  # these two contain the words as data
NOT_OURS = {"vendor", "node_modules", "results", "__pycache__"}
ALLOWED = {
    "components": 2,
    "router": 0,
    "tests": 107,
}

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
MADE = re.compile(r"^<!-- (\w+)\b[^>]*-->$.*?^<!-- /\1 -->$", re.MULTILINE | re.DOTALL)
UNBREAKABLE = re.compile(r"[|#<]|!\[|\s*(?:[-*>] |\d+\. )?\S*$")  # a row, a heading, HTML, a picture; one long word


def prose(source: str, suffix: str) -> Iterator[tuple[int, str]]:
    """Yield the texts of a file with the numbers of their first lines."""
    if suffix != ".py":
        yield 1, source
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def unwanted_words(source: str, suffix: str) -> Iterator[tuple[int, str]]:
    """Yield line and word for each word of the list."""
    if not WORDS.search(source):
        return  # most files: reading them as Python would take ten times as long
    for line, text in prose(source, suffix):
        for found in WORDS.finditer(text):
            if not LEGITIMATE.match(text, found.start()):
                yield line + text.count("\n", 0, found.start()), found[0]


def too_wide_lines(page: str) -> Iterator[int]:
    """Yield the numbers of lines that are too wide and can be broken, outside of code and of what scripts write."""
    for pattern in (FENCE, MADE):
        page = pattern.sub(lambda found: "\n" * found[0].count("\n"), page)
    for number, line in enumerate(page.splitlines(), 1):
        if len(line) > WIDTH and not UNBREAKABLE.match(line[:WIDTH]):
            yield number


def files(root: Path) -> Iterator[Path]:
    """Yield the files with texts, with paths relative to *root*."""
    inside = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*"))]
    for path in [*sorted(root.glob("*")), *inside]:
        name = path.relative_to(root)
        if (path.suffix in SUFFIXES or path.name == "Makefile") and NOT_OURS.isdisjoint(name.parts) and path.is_file():
            yield name


def compare(found: Counter[str], allowed: dict[str, int], lines: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each folder that has more or fewer words than it may, after the lines of those with more."""
    for folder in sorted(found.keys() | allowed.keys()):
        has, may = found[folder], allowed.get(folder, 0)
        if has > may:
            yield from (line for line in lines if line.startswith(folder))
            yield f"{folder} has {has} words of the list instead of {may}: say it plainly"
        elif has < may:
            yield f"{folder} has {has} words of the list instead of {may}: set ALLOWED in scripts/check_prose.py to {has}"


def findings(root: Path) -> Iterator[str]:
    """Yield one line for each thing that is wrong."""
    found: Counter[str] = Counter()
    lines = []
    for name in files(root):
        source = (root / name).read_text(encoding="utf-8")
        if name.as_posix() not in EXEMPT:
            for line, word in unwanted_words(source, name.suffix):
                found[name.parts[0]] += 1
                lines.append(f"{name}:{line}: {word}")
        if name.suffix == ".md" and name.parts[0] in ("README.md", "CHANGELOG.md", "docs", "examples"):
            yield from (f"{name}:{line}: wider than {WIDTH} columns" for line in too_wide_lines(source))
    yield from compare(found, ALLOWED, lines)


if __name__ == "__main__":
    complaints = list(findings(Path()))
    print("\n".join(complaints), end="\n" if complaints else "")
    sys.exit(bool(complaints))
