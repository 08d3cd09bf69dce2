"""What we ship of others to the browser is what they published: vendor.json names version, licence and hash of each file."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from taskbahn_web import STATIC

VENDOR = STATIC / "vendor"
PACKAGES: list[dict[str, Any]] = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))["packages"]
FILES = {path: file["sha256"] for package in PACKAGES for path, file in package["files"].items()}
OURS = {"README.md", "vendor.json"}
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*["']([^"'\s]+)["']""")


def import_map() -> dict[str, str]:
    """Return the import map that README.md tells users to write, from name to path below `vendor/`."""
    snippet = re.search(r'<script type="importmap">(.*?)</script>', (VENDOR / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert snippet
    imports: dict[str, str] = json.loads(snippet[1])["imports"]
    return {name: path.removeprefix("/vendor/") for name, path in imports.items()}


@pytest.mark.parametrize("path", sorted(FILES))
def test_a_vendored_file_is_the_published_one(path: str) -> None:
    assert hashlib.sha256((VENDOR / path).read_bytes()).hexdigest() == FILES[path]


def test_every_vendored_file_is_in_the_manifest() -> None:
    found = {file.relative_to(VENDOR).as_posix() for file in VENDOR.rglob("*") if file.is_file()}
    assert found - OURS == FILES.keys()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_a_vendored_package_has_version_and_licence(package: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
    assert package["licence"] in {"MIT", "Apache-2.0"}
    assert any(Path(path).name == "LICENSE" for path in package["files"])


def test_the_import_map_covers_every_import_of_the_vendored_modules() -> None:
    modules = [path for path in FILES if path.endswith(".js")]
    imported = {name for path in modules for name in IMPORT.findall((VENDOR / path).read_text(encoding="utf-8"))}
    assert imported <= import_map().keys()
    assert sorted(import_map().values()) == sorted(modules)
