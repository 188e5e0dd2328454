"""Events between services: a publisher's feed is read in order, each event takes effect once."""
