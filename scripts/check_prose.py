"""Hold texts to the word list, and pages of the documentation to 100 columns.

Most words of the list hide who does a thing; name that part instead: the client, the worker, the dispatcher, the store. In
Python the check reads comments and strings, in other files everything.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
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

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
MADE = re.compile(r"^<!-- (\w+)\b[^>]*-->$.*?^<!-- /\1 -->$", re.MULTILINE | re.DOTALL)
UNBREAKABLE = re.compile(r"[|#<]|!\[|\s*(?:[-*>] |\d+\. )?\S*$")  # a row, a heading, HTML, a picture; one long word


def prose(source: str, suffix: str) -> Iterator[tuple[int, str]]:
    """Yield the texts of a file, and the names of tests, with the numbers of their first lines."""
    if suffix != ".py":
        yield 1, source
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name.replace("_", " ")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def unwanted_words(source: str, suffix: str) -> Iterator[tuple[int, str]]:
    """Yield line and word for each word of the list."""
    if not WORDS.search(source.replace("_", " ")):
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


def findings(root: Path) -> Iterator[str]:
    """Yield one line for each thing that is wrong."""
    for name in files(root):
        source = (root / name).read_text(encoding="utf-8")
        if name.as_posix() not in EXEMPT:
            yield from (
                f"{name}:{line}: {word!r} hides who acts: name the part (WORDS in scripts/check_prose.py is the list)"
                for line, word in unwanted_words(source, name.suffix)
            )
        if name.suffix == ".md" and name.parts[0] in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "examples"):
            yield from (f"{name}:{line}: wider than {WIDTH} columns" for line in too_wide_lines(source))


if __name__ == "__main__":
    complaints = list(findings(Path()))
    print("\n".join(complaints), end="\n" if complaints else "")
    sys.exit(bool(complaints))
