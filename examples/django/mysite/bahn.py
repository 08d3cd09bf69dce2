"""Where the application lives.  Tasks import `app` from here, and so do views."""

from taskbahn import Taskbahn

app = Taskbahn(timeout=5)  # seconds that a request waits for a node that restarts; it connects at its first use
