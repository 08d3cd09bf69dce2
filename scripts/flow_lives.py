"""Make random lives of a dispatcher with flows: `flow_lives.py RUNS [FIRST]` makes RUNS over the memory store and a tenth over SQLite.

Each has a seed, of which its failure speaks. Ends with 1 if there was one.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Return the exit code."""
    sys.path.insert(0, str(ROOT / "tests"))
    import txaio

    txaio.use_twisted()
    from support.flow_lives import BUDGETS, live
    from support.storing import FakeSqliteStore, FakeStore

    runs, first = map(int, [*sys.argv[1:3], *("10000", "0")[len(sys.argv) - 1 :]])
    failed = 0
    for name, count in ("memory", runs), ("sqlite", runs // 10):
        began = time.monotonic()
        for seed in range(first, first + count):
            with tempfile.TemporaryDirectory() as folder:
                store = FakeStore() if name == "memory" else FakeSqliteStore(Path(folder))
                try:
                    pick = random.Random(seed)  # noqa: S311 - examples, no secrets
                    live(pick, store, BUDGETS[seed % 3], 1 + seed % 4, 2 + seed % 17)
                except Exception as error:  # noqa: BLE001 - printed with its seed
                    failed += 1
                    print(f"{name}: seed {seed}: {type(error).__name__}: {error!s:.600}", flush=True)
                finally:
                    store.close()
        print(f"{name}: {count:,} lives in {time.monotonic() - began:.0f} s, {failed} failed so far", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
