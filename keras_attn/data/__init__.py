"""Image sets: one type, and the ways to load one."""
