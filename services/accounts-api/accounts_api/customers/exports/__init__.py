"""Lists of records as CSV files."""
