"""Where the rows of a file go: a destination for each kind of thing that a file can hold."""
