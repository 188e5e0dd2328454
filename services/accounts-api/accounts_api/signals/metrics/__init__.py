"""Success metrics as a workspace defines them: a number of a record, worked out of others.

Their values are `metric_values`; what a definition may say is `metric_documents`.
"""
