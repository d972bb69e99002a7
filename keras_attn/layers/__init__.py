"""Every attention layer, by class."""
