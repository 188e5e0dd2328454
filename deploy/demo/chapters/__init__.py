"""One module for each point of the story."""
