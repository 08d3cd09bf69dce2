"""Long lists of results that a function only iterates over: it reads them itself, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from taskbahn.errors import InvalidArguments
from taskbahn.protocol import messages
from taskbahn.protocol.inputs import MARK, RESULTS
from taskbahn.protocol.secrets import may_hold
from taskbahn.signatures import codec, exact_values
from taskbahn.signatures.dataclass_fields import complete, has_gaps
from taskbahn.signatures.payloads import NOT_DATA, read_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.signatures.parameters import Parameter
    from taskbahn.signatures.signature import TaskSignature

    Read = Callable[[str], Iterator[str]]  # gives the results of a job, as JSON


class PagedList(Iterable[Any]):
    """The results of a job; each iteration reads them again."""

    def __init__(self, id: str, read: Read, task: str, parameter: Parameter) -> None:
        self._id = id
        self._read = read
        self._task = task
        self._name = parameter.name
        self._hint = get_args(parameter.hint)[0]
        self._has_gaps = has_gaps([self._hint])

    def __iter__(self) -> Iterator[Any]:
        return map(self._made, enumerate(self._read(self._id)))

    def _made(self, numbered: tuple[int, str]) -> Any:
        number, text = numbered
        value = messages.from_json(text)
        if exact_values.may_restore(text):
            value = exact_values.restored(value, self._hint)
        try:
            if may_hold(text):
                value = read_as(text, self._hint)
            else:
                value = msgspec.convert(value, self._hint, str_keys=True, dec_hook=codec.decode_hook)
        except NOT_DATA as error:
            raise InvalidArguments(self._task, {self._name: f"{error} at [{number}]"}) from error
        if self._has_gaps:
            complete(value)
        return value


def unpack_paged(signature: TaskSignature, text: str, read: Read) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """As `TaskSignature.unpack`, of a function that only iterates over some arguments."""
    parameters = signature.parameters
    lists: dict[int | str, PagedList] = {}
    if MARK in text:
        args, kwargs = messages.from_json(text)
        for place, value in (*enumerate(args), *kwargs.items()):
            parameter = parameters.at(place)
            if parameter is not None and parameter.iterable and isinstance(value, dict) and RESULTS in value:
                lists[place] = PagedList(value[RESULTS], read, signature.name, parameter)
                (kwargs if isinstance(place, str) else args)[place] = []
        text = messages.to_json([args, kwargs])
    given, named = signature.unpack(text)

    def asked(place: int | str, value: Any) -> Any:
        parameter = parameters.at(place)
        found = lists.get(place, value)
        return iter(found) if parameter is not None and parameter.iterable is Iterator else found

    return tuple(asked(place, value) for place, value in enumerate(given)), {
        name: asked(name, value) for name, value in named.items()
    }
