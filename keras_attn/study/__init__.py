"""Training topologies side by side, and reporting what came of it."""
