"""What a study must know about a task; one file per kind of task."""
