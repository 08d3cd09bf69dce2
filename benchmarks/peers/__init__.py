"""One module for each peer; imported in the peers' own environment only (`requirements.txt`)."""
