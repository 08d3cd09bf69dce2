"""What a task may promise about its jobs, decided inside the commit transaction over rows that the store loads. Pure."""
