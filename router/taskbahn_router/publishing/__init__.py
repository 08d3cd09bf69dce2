"""What followers of jobs are sent, as it happens."""
