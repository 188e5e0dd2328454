"""HTTP below the framework: a connection, what wraps every request. The gateway uses it, too."""
