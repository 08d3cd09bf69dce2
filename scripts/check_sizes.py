"""Hold functions to 60 lines, modules to 400 and names of tests to 12 words, so that each can be read at once.

Python functions only count their own lines: docstring and decorators are free, nested functions belong to the outer one.
JavaScript modules are held to the limit of modules. `test_` is no word of a test's name.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FUNCTION_LINES = 60
MODULE_LINES = 400
TEST_NAME_WORDS = 12
PYTHON_ROOTS = ("components", "router", "web", "tests", "scripts", "examples", "benchmarks", "chaos")
JAVASCRIPT_ROOT = Path("web/taskbahn_web/static")


def too_long_functions(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            lines = (node.end_lineno or 0) - first.lineno + 1
            if lines > FUNCTION_LINES:
                yield node, lines


def findings() -> Iterator[str]:
    """Yield one line, `path:line: what`, for each function, module or name of a test that is too long."""
    for root in PYTHON_ROOTS:
        for path in sorted(Path(root).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            yield from too_long_module(path, source)
            tree = ast.parse(source)
            if root == "tests":
                yield from too_long_names(path, tree)
            for function, lines in too_long_functions(tree):
                yield f"{path}:{function.lineno}: {function.name} has {lines} lines, more than {FUNCTION_LINES}"
    for path in sorted(JAVASCRIPT_ROOT.rglob("*.js")):
        if "vendor" not in path.parts:
            yield from too_long_module(path, path.read_text(encoding="utf-8"))


def too_long_names(path: Path, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            words = len(node.name.removeprefix("test_").split("_"))
            if words > TEST_NAME_WORDS:
                yield (
                    f"{path}:{node.lineno}: the name {node.name} has {words} words, more than {TEST_NAME_WORDS}: "
                    "name the main claim, or make two tests of two claims"
                )


def too_long_module(path: Path, source: str) -> Iterator[str]:
    lines = source.count("\n")
    if lines > MODULE_LINES:
        yield f"{path}:{lines}: the module has {lines} lines, more than {MODULE_LINES}: split it"


if __name__ == "__main__":
    found = list(findings())
    print("\n".join(found), end="\n" if found else "")
    sys.exit(bool(found))
