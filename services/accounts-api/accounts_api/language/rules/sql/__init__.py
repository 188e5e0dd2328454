"""A checked rule as SQL: the verdict, its horizon in time, and what a snapshot needs."""
