"""The console of the commands: what others wrote is plain in all tables, lines and bars. Imported only where one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from taskbahn.protocol.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType
    from rich.segment import Segment


class PlainConsole(Console):
    """Strings and texts become plain before they are measured, so that columns stay straight."""

    def render_str(self, text: str, **how: Any) -> Text:
        """Read a string with markup."""
        return super().render_str(plain_text(text), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Draw one thing."""
        if isinstance(renderable, Text) and (plain := plain_text(renderable.plain)) != renderable.plain:
            renderable = Text(plain, style=renderable.style, end=renderable.end)
        return super().render(renderable, options)
