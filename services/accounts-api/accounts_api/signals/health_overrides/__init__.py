"""What people say of a record's health, for a time, over what was computed."""
