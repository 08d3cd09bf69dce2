"""Where the application lives.  Tasks import `app` from here, and so do views."""

from taskbahn import Taskbahn

app = Taskbahn()  # connects at its first use
