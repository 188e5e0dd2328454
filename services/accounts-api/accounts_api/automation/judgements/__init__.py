"""What rules say of records, for another of our services: verdicts now, snapshots to judge by
itself, and what a rule reads.
"""
