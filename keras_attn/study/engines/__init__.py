"""Where the workers of a study run: in this process, in several of this machine, on a cluster."""
