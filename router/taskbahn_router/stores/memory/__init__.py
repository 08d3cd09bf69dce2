"""The store in memory."""

from taskbahn_router.stores.memory.store import MemoryReader, MemoryStore

__all__ = ["MemoryReader", "MemoryStore"]
