"""What several connectors need: windows of stamps, forms of answers, tables of errors, settings."""
