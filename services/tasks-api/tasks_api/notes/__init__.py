"""What was said: notes, and templates whose fields are fields of the record.

The top area. It imports `work` (what could not be written is a task), `replica`, and nothing of
`notifications`. Its own `client` asks the accounts service to write. No area imports it.
"""
