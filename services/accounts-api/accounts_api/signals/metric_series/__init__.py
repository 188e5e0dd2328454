"""What a metric was for one record on days that are past: worked out when somebody asks, of the
daily roll-ups and the record's history. Nothing is kept of it.
"""
