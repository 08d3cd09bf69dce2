"""Jobs as their callers see them: one, many, their events, outcomes and lists."""
