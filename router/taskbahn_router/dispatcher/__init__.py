"""Decides turns and commits them: what comes in, what is handed out, what became of it."""
