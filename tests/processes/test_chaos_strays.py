"""The programs that `make chaos` finds when tasks leave them running."""

import subprocess

from chaos.processes import Pid
from chaos.strays import strays


def test_a_program_is_a_stray_unless_it_is_of_the_cast() -> None:
    with subprocess.Popen(["sleep", "47"]) as program:
        try:
            this = Pid.of(program.pid)
            assert this is not None
            assert [one.command for one in strays([], []) if one.pid == program.pid] == ["sleep 47"]
            assert not [one for one in strays([this], []) if one.pid == program.pid]
        finally:
            program.kill()
    assert not [one for one in strays([], []) if one.pid == program.pid]
