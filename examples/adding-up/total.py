"""The same from a program, which adds up itself: `python total.py FOLDER`."""

import sys
from collections import Counter
from pathlib import Path

from words import count

total: Counter[str] = Counter()
for job in count.start_many(sorted(Path(sys.argv[1]).resolve().glob("*.txt"))).as_completed(timeout=600):
    total.update(job.result())
for word, times in total.most_common(10):
    print(f"{times:8,} {word}")
