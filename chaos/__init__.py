"""Kills everything that can be killed while jobs run, and accounts for every one of them: `python -m chaos`."""
