"""The same from a program, which adds up itself: `python total.py FOLDER`."""

import sys
from collections import Counter
from pathlib import Path

from words import count, texts_in

from taskbahn import TaskbahnError

if len(sys.argv) != 2:
    sys.exit("Say which folder: python total.py FOLDER")
total: Counter[str] = Counter()
try:
    for job in count.start_many(texts_in(Path(sys.argv[1]))).as_completed(timeout=600):
        total.update(job.result())
except (ValueError, TaskbahnError) as error:
    sys.exit(f"total.py: {error}")
for word, times in total.most_common(10):
    print(f"{times:8,} {word}")
