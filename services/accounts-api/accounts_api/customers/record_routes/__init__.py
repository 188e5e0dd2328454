"""The routes that every record type has, made from the description of the type."""
