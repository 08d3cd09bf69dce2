"""Folders that go ahead of others on the path of a process; see `crossbar_imports`."""
