"""What tasks and notes have in common as records: they are upserted by external id, by an author
and at an instant that a client may tell, and history says what changed.

It imports `replica`. The areas above say what their records are made of (`upserts.batch.Kind`).
"""
