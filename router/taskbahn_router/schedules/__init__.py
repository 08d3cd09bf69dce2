"""When schedules fire: values in, times out. No clock, store or reactor; what computes calendars is imported with its first use."""
