"""Encryption of what user code takes and says, end to end: the router, its store and its pages hold ciphertext only."""
