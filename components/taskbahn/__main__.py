"""`python -m taskbahn` is the command `taskbahn`."""

from taskbahn.cli import main

main()
