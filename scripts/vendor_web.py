"""Fetch the browser libraries that we ship, from npm, into web/taskbahn_web/static/vendor. For developers only; needs npm.

    python scripts/vendor_web.py                    fetch what vendor.json names, again
    python scripts/vendor_web.py preact@11.3.0      the same, with another version of one package

vendor.json says which files of which package are taken, and is rewritten with their licence and SHA-256. The files are
taken as published, byte for byte; only their names change (`.js`, so that every static server knows their type).
tests/unit/test_vendor.py compares the files with the manifest.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parent.parent / "web" / "taskbahn_web" / "static" / "vendor"
MANIFEST = VENDOR / "vendor.json"


def main(arguments: list[str]) -> None:
    """Fetch every package of the manifest; *arguments* are `NAME@VERSION`, for versions to change."""
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    versions = dict(argument.rsplit("@", 1) for argument in arguments)
    if unknown := versions.keys() - {package["name"] for package in manifest["packages"]}:
        sys.exit(f"vendor.json has no package {', '.join(sorted(unknown))}: add it there first, with the files to take")
    for package in manifest["packages"]:
        package["version"] = versions.get(package["name"], package["version"])
        fetch(package)
        print(f"{package['name']} {package['version']} ({package['licence']})")
    MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def fetch(package: dict[str, Any]) -> None:
    """Write the files of *package* and bring its entry of the manifest up to date."""
    with tempfile.TemporaryDirectory() as folder:
        # npm itself checks what it downloads against the registry's integrity hash.
        command = ["npm", "pack", "--silent", "--pack-destination", folder, f"{package['name']}@{package['version']}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).iterdir()
        with tarfile.open(archive) as tar:
            package["licence"] = json.loads(read(tar, "package.json"))["license"]
            for target, file in package["files"].items():
                content = read(tar, file["source"])
                file["sha256"] = hashlib.sha256(content).hexdigest()
                (VENDOR / target).parent.mkdir(parents=True, exist_ok=True)
                (VENDOR / target).write_bytes(content)


def read(tar: tarfile.TarFile, path: str) -> bytes:
    file = tar.extractfile(f"package/{path}")
    if file is None:
        sys.exit(f"the package has no file {path}")
    return file.read()


if __name__ == "__main__":
    main(sys.argv[1:])
