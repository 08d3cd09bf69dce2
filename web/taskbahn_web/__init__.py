"""What a browser loads: the page at `/` and `taskbahn.js`, ES modules without a build step.

`STATIC` is the folder that the node serves at `/`.
"""

from pathlib import Path

STATIC = Path(__file__).parent / "static"

__all__ = ["STATIC"]
