"""Derives anew what followed in the past: who was in a segment, which status an account had.

What is told late may leave the present as it is and make the past another. Each such fact waits in
`past_corrections`, until the features that derive something from it (`hooks`) have walked through
the instants since (`walk`) and stored what differs. Nothing is published of it, and nothing happens
because of it: the past is another, the present is not.
"""
