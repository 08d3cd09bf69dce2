"""Who a session is, what it may do, and which jobs are its own."""
