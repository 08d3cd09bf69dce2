"""Where jobs, their events and the declared tasks are kept: one contract, several stores, one conformance suite."""
