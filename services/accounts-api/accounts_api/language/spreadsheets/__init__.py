"""How a file of rows is written: its lines and cells, and days and numbers in them. Pure."""
