"""Where the workers of a study run: in this process, in several here, or on a cluster."""
