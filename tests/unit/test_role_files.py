"""Own roles in a file: what is read, and what each error says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.documents import blocks

from taskbahn.errors import InvalidOption
from taskbahn.protocol import messages
from taskbahn.protocol.access import Role
from taskbahn_router.model.roles import RoleRules, matches, rules_in
from taskbahn_router.role_files import read_roles

ROOT = Path(__file__).parents[2]
WHOLE = """
# of the shop
[images-worker]
base = "worker"
calls = ["images.*", "mail.send"]
offers = ["images.*"]
queues = ["images"]

[shop]
base = "client"
calls = ["shop.*", "taskbahn.mail"]

[support]
base = "operator"
may = ["view.*", "job.cancel", "job.retry"]
"""


def read(folder: Path, text: str | bytes) -> list[RoleRules]:
    file = folder / "roles.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_roles(file)


def test_roles_are_read_whole(tmp_path: Path) -> None:
    worker, shop, support = read(tmp_path, WHOLE)
    assert worker == RoleRules("images-worker", Role.WORKER, ("images.*", "mail.send"), ("images.*",), ("images",))
    assert (shop.name, shop.base, shop.calls, shop.may) == ("shop", Role.CLIENT, ("shop.*", "taskbahn.mail"), None)
    assert support.may is not None
    assert {messages.VIEW_STATUS, messages.JOB_CANCEL, messages.JOB_RETRY} <= set(support.may)
    assert messages.ADMIN_PAUSE not in support.may
    assert rules_in([role.plain() for role in (worker, shop, support)]) == [worker, shop, support]


def test_an_empty_file_has_no_roles(tmp_path: Path) -> None:
    assert read(tmp_path, "") == read(tmp_path, "\ufeff# none") == []


@pytest.mark.parametrize(
    "text, where, why",
    [
        ("[a-role]\nbase = ", "", "line 2, column 8"),
        ("[a-role\n", "", "line 1"),
        ('[a-role]\nbase = "client"\nbase = "worker"', "", "line 3"),
        (b"[a-role]\nbase = '\xff'", "", "byte 17 is no UTF-8"),
        ('base = "client"', ", base", "write [name-of-a-role] above base"),
        ("[a-role]", ", [a-role]", 'base is missing: add base = "..." with one of client, worker, viewer, operator'),
        ('[a-role]\nbase = "admin"', ", [a-role]", "base = 'admin': it is one of client, worker, viewer, operator"),
        ("[a-role]\nbase = 3", ", [a-role]", "base = 3: it is one of"),
        ('[A-role]\nbase = "client"', ", [A-role]", "a role's name has 2 to 64 small letters"),
        ('["a role"]\nbase = "client"', ", [a role]", "a role's name has 2 to 64 small letters"),
        ('[client]\nbase = "client"', ", [client]", "a role of that name is there already"),
        ('[trusted]\nbase = "client"', ", [trusted]", "a role of that name is there already"),
        ('[dispatcher]\nbase = "worker"', ", [dispatcher]", "a role of that name is there already"),
        ('[a-role]\nbase = "worker"\nofers = []', ", [a-role]", "there is no key 'ofers' (did you mean 'offers'?); there are base"),
        ('[a-role]\nbase = "client"\noffers = []', ", [a-role], offers", "it is for roles with the base worker, and this one has"),
        ('[a-role]\nbase = "viewer"\ncalls = []', ", [a-role], calls", "it is for roles with the base client or worker or operator"),
        ('[a-role]\nbase = "client"\ncalls = "images.*"', ", [a-role], calls", 'it is a list of texts, as ["images.*"'),
        ('[a-role]\nbase = "client"\ncalls = ["a", 3]', ", [a-role], calls", "it is a list of texts"),
        ('[a-role]\nbase = "client"\ncalls = ["*.x"]', ", [a-role], calls", "'*.x': write a name, or its beginning with a star"),
        ('[a-role]\nbase = "client"\ncalls = ["a b"]', ", [a-role], calls", "write a name, or its beginning"),
        ('[a-role]\nbase = "client"\ncalls = [""]', ", [a-role], calls", "write a name, or its beginning"),
        ('[a-role]\nbase = "worker"\noffers = ["taskbahn.*"]', ", [a-role], offers", "names that begin so are the node's own"),
        ('[a-role]\nbase = "worker"\noffers = ["taskbahn*"]', ", [a-role], offers", "names that begin so are the node's own"),
        ('[a-role]\nbase = "worker"\noffers = ["taskbahn.mail"]', ", [a-role], offers", "the node's own worker offers that task"),
        ('[a-role]\nbase = "client"\ncalls = ["wamp.session.kill"]', ", [a-role], calls", "names that begin so are the node's own"),
        ('[a-role]\nbase = "worker"\nqueues = ["a*b"]', ", [a-role], queues", "write the name of a queue"),
        ('[a-role]\nbase = "client"\nmay = ["job.cancle"]', ", [a-role], may", "job.cancle: the base client has no such procedure (did"),
        ('[a-role]\nbase = "viewer"\nmay = ["job.cancel"]', ", [a-role], may", "the base viewer has no such procedure"),
        ('[a-role]\nbase = "operator"\nmay = ["admin.token.*"]', ", [a-role], may", "the base operator has no such procedure"),
    ],
)  # fmt: skip
def test_each_error_says_where_and_what_to_do(tmp_path: Path, text: str | bytes, where: str, why: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        read(tmp_path, text)
    assert caught.value.message.startswith(f"--roles {tmp_path / 'roles.toml'}{where}: ")
    assert why in caught.value.message


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="No such file"):
        read_roles(tmp_path / "none.toml")
    with pytest.raises(InvalidOption, match="Is a directory"):
        read_roles(tmp_path)
    with pytest.raises(InvalidOption, match="more than 1 MiB"):
        read(tmp_path, "#" * 2**21)
    with pytest.raises(InvalidOption, match="101 roles"):
        read(tmp_path, "".join(f'[role-{number}]\nbase = "client"\n' for number in range(101)))
    with pytest.raises(InvalidOption, match="501 names"):
        read(tmp_path, f'[a-role]\nbase = "client"\ncalls = {["a"] * 501}')


@given(
    st.text(max_size=200)
    | st.builds("{}\nbase = {}\ncalls = {}".format, st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
)
def test_any_text_gives_roles_or_an_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    try:
        found = read(tmp_path_factory.getbasetemp(), text.encode("utf-8", "surrogatepass"))
    except InvalidOption:
        return
    assert all(role.base in Role and role.name not in list(Role) for role in found)


@pytest.mark.parametrize(
    "patterns, name, fits",
    [
        (None, "anything", True),
        ((), "anything", False),
        (("*",), "anything", True),
        (("images.*",), "images.thumbnail", True),
        (("images.*",), "images.", True),
        (("images.*",), "images", False),
        (("images.*",), "other.images.thumbnail", False),
        (("images.thumbnail",), "images.thumbnail", True),
        (("images.thumbnail",), "images.thumbnails", False),
        (("images.thumbnail",), "images.thumbnail\n", False),
        (("a", "b*"), "bc", True),
    ],
)
def test_a_name_fits_whole_or_by_its_beginning(patterns: tuple[str, ...] | None, name: str, fits: bool) -> None:  # noqa: FBT001
    assert matches(patterns, name) == fits


def test_the_file_of_the_documentation_has_these_roles(tmp_path: Path) -> None:
    [text] = [block.text for block in blocks(ROOT / "docs" / "roles.md") if block.title == "roles.toml"]
    assert [(role.name, role.base.value) for role in read(tmp_path, text)] == [
        ("till", "client"),
        ("shop-worker", "worker"),
        ("support", "operator"),
    ]
