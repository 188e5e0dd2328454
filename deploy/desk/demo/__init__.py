"""`make demo`: the renewal story, played on a throw-away desk and checked claim by claim."""
