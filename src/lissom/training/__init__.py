"""What is the same for every kind of work: the record of a task, the registry of tasks, runs with types."""
