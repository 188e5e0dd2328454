"""A checked rule as SQL: the verdict, its next change in time, and what a snapshot needs."""
