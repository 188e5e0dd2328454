"""Series of mails for a record: who enters one, what is planned for it, and when it ends.

May import `mail` and `replica`. `reevaluation_queue` stands lowest here: whatever concerns a record
puts it there, and `entry` works it off. What a person does by hand stands above: `manual_entry` and
`manual_actions`. `usages` may ask `sequences` for stored definitions.
"""
