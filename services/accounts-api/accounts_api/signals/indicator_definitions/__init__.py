"""What is an indicator: of which records, by which rule, whose it is, and what it calls for."""
