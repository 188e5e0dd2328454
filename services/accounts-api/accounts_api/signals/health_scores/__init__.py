"""Health scores: what is scored of which records, by which ordered definitions. What they give each
record is `health_values`.
"""
