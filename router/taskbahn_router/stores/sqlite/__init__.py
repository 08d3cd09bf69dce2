"""The default store: one SQLite file in WAL mode, every commit synced to the disk before it counts."""

from taskbahn_router.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
