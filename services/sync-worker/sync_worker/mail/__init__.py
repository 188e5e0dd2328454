"""What arrives in mailboxes, and what it means: bounces, replies, automatic answers.

It imports `runner`, `connections` and `connectors`. `classification` holds the pure decisions,
`mailbox` reads folders and has the effects; others import `mailbox.service`.
"""
