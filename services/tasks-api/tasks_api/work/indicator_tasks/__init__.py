"""The tasks that indicators call for: one each, which closes when its indicator is cleared."""
