"""Numbers over time: the recorder counts what happened as it is published, keeps it by minutes, and answers with charts and statistics."""
