"""What the tasks service says of the trait values that it keeps: of tasks and notes."""
