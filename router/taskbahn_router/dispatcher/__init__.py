"""Decides turns and commits them: new jobs, attempts for workers, outcomes."""
