"""The rows of an import: read, previewed, written to records, and what became of each."""
