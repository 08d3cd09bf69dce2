"""Numbers over time: what happened is counted as it is let out, kept by minutes, and answered as charts and statistics."""
