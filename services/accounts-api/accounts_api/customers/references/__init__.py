"""Whether what other services are told of is there: records, their fields, members, key roles."""
