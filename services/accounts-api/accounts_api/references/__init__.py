"""Whether what other services are told of is there: records of any type, members, key roles."""
