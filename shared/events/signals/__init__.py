"""What is told of how customers are doing."""
