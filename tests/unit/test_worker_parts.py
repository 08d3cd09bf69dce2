"""Loading, failure texts, capture, frames, the files that `--watch` looks at."""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taskbahn.attempt.context import ACTIVE, MAX_LOG_LINE, MAX_LOG_LINES, AttemptContext, Record
from taskbahn.attempt.stages import MAX_STAGES
from taskbahn.protocol.progress import Stage
from taskbahn.worker.capture import Capture
from taskbahn.worker.failure import MAX_TRACEBACK, describe
from taskbahn.worker.frames import Mark, Unframer, frame
from taskbahn.worker.loading import NoApplication, load_app
from taskbahn.worker.pools.childprocess import Death
from taskbahn.worker.reload import snapshot, source_directory

MakeModule = Callable[[str], str]


class Said:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.context = AttemptContext("job", 1, "task", "[[],{}]", None, self)

    def put(self, record: Record) -> None:
        self.records.append(record)

    def touch(self, context: AttemptContext) -> None:
        """Progress is not looked at here."""

    @property
    def lines(self) -> list[tuple[str, str, str]]:
        return [(data[4]["level"], data[4]["logger"], data[4]["message"]) for _, data in self.records]


@pytest.fixture
def said() -> Said:
    return Said()


def test_an_application_is_found_by_module_and_name(make_module: MakeModule) -> None:
    name = make_module("""
        from taskbahn import Taskbahn
        class box: app = Taskbahn()
        @box.app.task
        def hello() -> None: ...
    """)
    assert list(load_app(f"{name}:box.app").tasks) == [f"{name}.hello"]


@pytest.mark.parametrize(
    "source, attribute, sentence",
    [
        ("import no_such_module_at_all", "app", "line 1: No module named 'no_such_module_at_all'"),
        ("x = 1\n1 / 0", "app", "line 2: ZeroDivisionError: division by zero"),
        ("def f(:", "app", "line 1: SyntaxError"),
        ("from taskbahn import Taskbahn\nphotos = Taskbahn()", "app", "has no 'app' (did you mean {name}:photos?)"),
        ("x = 1", "app", "has no 'app': write `app = Taskbahn()` there"),
        (
            "from taskbahn import Taskbahn\napp = Taskbahn()\n@app.task\ndef f(x: type(app)): ...",
            "app",
            "{name}.py, line 3: UnsupportedAnnotation: ",
        ),
        ("import json as app", "app", "is no Taskbahn application but a module"),
        ("from taskbahn import Taskbahn\napp = Taskbahn()", "app", "has no tasks yet"),
    ],
)
def test_each_way_to_get_the_application_wrong_has_its_sentence(
    make_module: MakeModule, source: str, attribute: str, sentence: str
) -> None:
    name = make_module(source)
    with pytest.raises(NoApplication) as raised:
        load_app(f"{name}:{attribute}")
    assert sentence.format(name=name) in str(raised.value)


def test_a_path_is_answered_with_the_import_it_should_be() -> None:
    with pytest.raises(NoApplication, match=r"for example shop\.tasks:app"):
        load_app("shop/tasks.py")


def test_a_module_that_does_not_exist_suggests_one_that_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photographs.py").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoApplication, match="did you mean 'photographs'"):
        load_app("photograph:app")


def test_a_long_traceback_is_cut_in_the_middle() -> None:
    def deep(depth: int) -> None:
        if depth == 0:
            raise ValueError("x" * 100_000)
        deep(depth - 1)

    with pytest.raises(ValueError, match="x") as raised:
        deep(50)
    described = describe(raised.value)
    assert len(described["traceback"]) <= MAX_TRACEBACK
    assert "characters left out" in described["traceback"]
    assert len(described["message"]) < 10_000


def test_an_exception_whose_text_cannot_be_made_is_described_all_the_same() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert "cannot be made" in describe(Broken())["message"]


def test_logging_is_taken_after_levels_and_without_a_handler(said: Said) -> None:
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    capture = Capture()
    capture.start()
    token = ACTIVE.set(said.context)
    try:
        logging.getLogger("shop.quiet").setLevel(logging.ERROR)
        logging.getLogger("shop.quiet").warning("not this")
        logging.getLogger("shop").error("this %s", {"a": 1})
        logging.getLogger("taskbahn.worker").error("nor this")
    finally:
        ACTIVE.reset(token)
        capture.stop()
    assert (root.level, list(root.handlers)) == before
    assert said.lines == [("ERROR", "shop", "this {'a': 1}")]


def test_what_is_printed_outside_of_an_attempt_belongs_to_none(said: Said, capsys: pytest.CaptureFixture[str]) -> None:
    stdout = sys.stdout
    capture = Capture()
    capture.start()
    capture.start()
    try:
        print("free")
    finally:
        capture.stop()
        capture.stop()
    assert sys.stdout is stdout
    assert said.records == []
    assert capsys.readouterr().out == "free\n"


def test_log_lines_are_bounded_in_length_and_number(said: Said) -> None:
    output = said.context.open_output()
    output.line("INFO", "", "x" * (MAX_LOG_LINE + 1))
    assert said.lines[0][2] == "x" * MAX_LOG_LINE + "…"
    for _ in range(MAX_LOG_LINES + 10):
        output.line("INFO", "", "y")
    assert len(said.lines) == MAX_LOG_LINES + 1
    assert "more than 10,000 log lines" in said.lines[-1][2]


@pytest.mark.parametrize("ends", [True, False])
def test_one_line_says_that_not_all_stages_are_shown(said: Said, ends: bool) -> None:  # noqa: FBT001 - of parametrize
    output = said.context.open_output()
    for number in range(MAX_STAGES + 10):
        stage = Stage(id=0, name=str(number))
        output.stages.begin(stage)
        stage.ended_at = 1.0 if ends else None
    assert len(output.progress.stages) == MAX_STAGES
    assert [level for level, _, message in said.lines if "more than 200 stages" in message] == ["WARNING"]


def test_frames_survive_any_cut() -> None:
    messages = [["run", []], ["x" * 1000], [[1, 2.5, None]]]
    stream = b"".join(frame(message) for message in messages)
    unframer = Unframer()
    found = [message for byte in range(len(stream)) for message in unframer.feed(stream[byte : byte + 1])]
    assert found == messages


def test_a_mark_is_read_through_its_descriptor() -> None:
    mark = Mark.make()
    other = Mark(os.dup(mark.descriptor))
    assert other.get() == (0, 0.0)
    mark.set(7, 1.5)
    assert other.get() == (7, 1.5)
    mark.close()
    other.close()


@pytest.mark.parametrize(
    "code, sentence, data",
    [
        (3, "ended with exit code 3; its memory was 500 MiB at most", {"exit_code": 3}),
        (-11, "signal 11 (SIGSEGV); its memory was 500 MiB at most", {"signal": "SIGSEGV"}),
        (-9, "signal 9 (SIGKILL); its memory was 500 MiB at most; was it out of memory?", {"signal": "SIGKILL"}),
        (-63, "signal 63 (", {"signal": 63}),
    ],
)
def test_the_end_of_a_process_is_explained(code: int, sentence: str, data: dict[str, Any]) -> None:
    death = Death(code, 500 * 2**20)
    assert sentence in str(death)
    assert death.error() == {"type": "ProcessDied", "message": str(death), "peak_memory": 500 * 2**20, **data}


def test_changed_new_and_removed_sources_are_seen(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "tasks.py").write_text("a")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "no.py").touch()
    (tmp_path / "data.txt").touch()
    before = snapshot(tmp_path)
    assert list(before) == [str(tmp_path / "package" / "tasks.py")]
    os.utime(tmp_path / "package" / "tasks.py", (1, 1))
    assert snapshot(tmp_path) != before


def test_the_sources_of_an_application_are_those_beside_its_module(make_module: MakeModule, tmp_path: Path) -> None:
    assert source_directory(f"{make_module('x = 1')}:app") == tmp_path
