"""A name that was taken from a module whose code has not run: it stands in for the true thing until that is used.

Only the standard library, as it is imported before everything else.
"""

from __future__ import annotations

from typing import Any, Union

# attributes that an import sets where they apply; a module without one is no reason to run its code
ASKED_BY_IMPORTS = frozenset({"__path__", "__file__", "__cached__", "__spec__", "__package__", "__loader__"})
# attributes that `typing` asks of anything in an annotation, which is no use of it
ASKED_BY_TYPING = ("__typing", "__parameters__", "__origin__", "__forward_arg__")


class LateName:
    """Takes the place of a name until code calls it, asks for an attribute, or uses it in `isinstance` or as a base class."""

    def __init__(self, module: str, name: str) -> None:
        self._module_name = module
        self._name = name

    def __repr__(self) -> str:
        return f"<{self._module_name}.{self._name}, deferred>"

    def _truth(self) -> Any:
        """Return the true thing."""
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name.startswith(ASKED_BY_TYPING):
            raise AttributeError(name)
        return getattr(self._truth(), name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._truth()(*map(_truth_of, args), **kwargs)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self._truth())

    def __subclasscheck__(self, subclass: type) -> bool:
        return issubclass(subclass, self._truth())

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (self._truth(),)

    def __or__(self, other: Any) -> Any:
        return Union[self, other]  # noqa: UP007 - `|` is what is being defined

    def __ror__(self, other: Any) -> Any:
        return Union[other, self]  # noqa: UP007


def is_late(value: object) -> bool:
    """Tell whether this is such a name; not by `isinstance`, which asks it for its class."""
    return LateName in type(value).__mro__


def _truth_of(value: Any) -> Any:
    return value._truth() if is_late(value) else value  # noqa: SLF001 - of this module
