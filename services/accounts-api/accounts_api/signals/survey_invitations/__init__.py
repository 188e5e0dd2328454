"""Who was asked by a survey, and who may be: every gate with its reason."""
