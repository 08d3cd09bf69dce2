"""Keep what a release put into the hands of its users: clients, workers, command line, page, and the schema of its store.

    python scripts/keep_release.py REVISION VERSION     writes tests/releases/taskbahn-VERSION.tar.xz

The archive is `git archive` of the revision, compressed: the same revision gives the same bytes. Its header names the commit.
"""

import lzma
import subprocess
import sys
from pathlib import Path

RELEASES = Path(__file__).parent.parent / "tests" / "releases"
KEPT = ("components/taskbahn", "web/taskbahn_web", "router/taskbahn_router/stores/sqlite/0*.sql")


def main(arguments: list[str]) -> None:
    """Write the archive of one revision."""
    if len(arguments) != 2:
        sys.exit(__doc__)
    revision, version = arguments
    commit = subprocess.run(
        ["git", "rev-parse", f"{revision}^{{commit}}"], check=True, capture_output=True, text=True
    ).stdout.strip()
    archive = subprocess.run(["git", "archive", "--format=tar", commit, "--", *KEPT], check=True, capture_output=True).stdout
    path = RELEASES / f"taskbahn-{version}.tar.xz"
    path.write_bytes(lzma.compress(archive, preset=9 | lzma.PRESET_EXTREME))
    print(f"{path.name}: {commit}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
