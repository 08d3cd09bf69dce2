"""`Output`: takes the place of a result that is not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from taskbahn.errors import InvalidFlow
from taskbahn.flows.nodes import Member, Part

if TYPE_CHECKING:
    from taskbahn.flows.nodes import Reference


class Output:
    """What `flow.output` and `job.output` give: a whole argument, or an item of a list that is one, of a call in a flow.

    Type checkers see the type of the result. Whatever else is done with it raises InvalidFlow.
    """

    __slots__ = ("_reference",)

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def __repr__(self) -> str:
        return f"<the output of {_name(self._reference)}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)  # libraries ask for such names to find out what an object can do
        _refuse(self, f"attribute {name!r}")


def reference_of(output: Output) -> Reference:
    """Return whose result it stands for."""
    return output._reference  # noqa: SLF001 - of this module


def _name(reference: Reference) -> str:
    if not isinstance(reference, Part):
        return f"job {reference}"
    return reference.node.task if isinstance(reference.node, Member) else f"a {type(reference.node).__name__.lower()}"


def _refuse(output: Output, used: str) -> NoReturn:
    raise InvalidFlow(
        f"{output!r} has no {used}: it stands for a result that is not there yet; give it to s(), si() or start() as a whole argument "
        "or as an item of a list, and do the rest in that task"
    )


def _refusing(used: str) -> Any:
    def refuse(output: Output, *_: Any) -> NoReturn:
        _refuse(output, used)

    return refuse


USES = {
    "value to be asked whether it is true": "bool",
    "text": "str format bytes",
    "number": "int float complex index round trunc floor ceil neg pos abs invert",
    "arithmetic": (
        "add radd iadd sub rsub isub mul rmul imul matmul rmatmul truediv rtruediv floordiv rfloordiv mod rmod divmod rdivmod pow rpow"
        " lshift rlshift rshift rrshift and rand or ror xor rxor"
    ),
    "value to be compared": "eq ne lt le gt ge hash",
    "items": "iter next len getitem setitem delitem contains reversed aiter anext",
    "call": "call enter exit aenter aexit await",
}
for _used, _names in USES.items():
    for _method in _names.split():
        setattr(Output, f"__{_method}__", _refusing(_used))
