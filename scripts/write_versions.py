"""Write scripts/versions.txt: what is installed in this environment."""

from __future__ import annotations

from importlib.metadata import distributions
from pathlib import Path

PLACE = Path(__file__).parent / "versions.txt"
HEAD = "# The versions with which `make test` was green last; `make versions` writes them again. Users get what setup.cfg's ranges allow."
NOT_PINNED = {"pip", "setuptools", "taskbahn"}  # the first two make the environment
MARKERS = {"numpy": ' ; python_version < "3.13"'}  # as setup.cfg has it


def main() -> None:
    """Write the file; sorted, without regard to case."""
    found = {each.metadata["Name"]: each.version for each in distributions()}
    lines = [
        f"{name}=={found[name]}{MARKERS.get(name.lower(), '')}"
        for name in sorted(found, key=str.lower)
        if name.lower() not in NOT_PINNED
    ]
    PLACE.write_text("\n".join([HEAD, *lines, ""]), encoding="utf-8")
    print(f"{PLACE.name}: {len(lines)} versions")


if __name__ == "__main__":
    main()
