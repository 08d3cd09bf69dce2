"""Pure decisions: values in, values out. No Twisted, no store, no clock, no randomness of its own."""
