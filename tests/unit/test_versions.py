"""The versions of the test environment are ones that users may have, and all that they need have one."""

import configparser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def requirements(text: str) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line]


@pytest.mark.parametrize("file", ["versions.txt", "versions-examples.txt"])
def test_all_requirements_have_a_version_within_their_range(file: str) -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    named = [name for name in extras if (name == "examples") == (file == "versions-examples.txt")]  # an environment of its own
    needed = [each for name in named for each in requirements(extras[name])] + requirements(setup["options"]["install_requires"])
    versions = {}
    for each in requirements((ROOT / "scripts" / file).read_text("utf-8")):
        [pin] = each.specifier
        assert pin.operator == "=="
        versions[canonicalize_name(each.name)] = pin.version
    assert len(needed) > 10
    for need in needed:
        assert need.specifier.contains(versions[canonicalize_name(need.name)]), need
