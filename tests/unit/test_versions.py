"""The versions of the test environment are ones that users may have, and all that they need have one."""

import configparser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def requirements(text: str) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line]


def test_all_requirements_have_a_version_within_their_range() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    needed = requirements(setup["options"]["install_requires"])
    needed += [each for name in setup["options.extras_require"] for each in requirements(setup["options.extras_require"][name])]
    versions = {}
    for each in requirements((ROOT / "scripts" / "versions.txt").read_text("utf-8")):
        [pin] = each.specifier
        assert pin.operator == "=="
        versions[canonicalize_name(each.name)] = pin.version
    assert len(needed) > 15
    for need in needed:
        assert need.specifier.contains(versions[canonicalize_name(need.name)]), need
