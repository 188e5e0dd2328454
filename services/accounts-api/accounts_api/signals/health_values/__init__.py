"""The score and label of each record, kept true by evaluation, and each of their changes."""
