"""Messages are plain data: formats that make other objects of what a stranger sends are not read, on any node, before a login or after it.

CBOR has tags (RFC 8949, section 3.4) for parts that are shared, also with themselves, for maps that are no `dict`, and for regular expressions.
So 40 bytes of a stranger could keep the event loop busy for ever, and a map that no check takes for one could name what its sender may
not start. Autobahn's reader obeys all tags, and has no option against them. UBJSON and FlatBuffers have no user here, and no tests.

Configurations of Taskbahn do not offer these formats; one of the user's own may, and Crossbar's default is to offer all.
"""

from __future__ import annotations

from typing import Any, NoReturn

from autobahn.wamp import serializer
from autobahn.wamp.exception import ProtocolError

OTHERS = ("CBORSerializer", "UBJSONSerializer", "FlatBuffersSerializer")


def refuse_others() -> None:
    """Have the ports that this process opens from now on read MessagePack and JSON alone.

    Crossbar makes a port's serializers by these names of Autobahn. Its own pipe to this process is open already, and goes on with CBOR.
    """
    for name in OTHERS:
        kind = getattr(serializer, name, None)  # it is there if its package is installed
        if kind is not None:
            setattr(serializer, name, type(name, (kind,), {"unserialize": _unread}))


def _unread(self: Any, *_: Any, **__: Any) -> NoReturn:
    raise ProtocolError(f"this node takes no {self.SERIALIZER_ID.partition('.')[0]}: connect with MessagePack or JSON")
