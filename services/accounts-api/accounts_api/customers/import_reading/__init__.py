"""What the rows of a file say, each as its destination writes it."""
