"""`make demo`: the renewal story, played on a throw-away stack and checked claim by claim."""
