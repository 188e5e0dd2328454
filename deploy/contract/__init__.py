"""What others make of the document: their generators, their linters, and our clients.

`make contract` runs each tool over the merged document, compiles what it makes, and counts what
it lost. The tools are installed once per lock into an environment of their own; a run needs no
network.
"""
