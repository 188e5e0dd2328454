"""What was said: notes, and templates whose fields are fields of the record.

The top area. `note_templates` stands lowest, `notes` are written with them, and `template_usages`
ends a template that no note uses. It imports `work` (what could not be written is a task),
`replica`, and nothing of `notifications`. `notes.client` asks the accounts service to write. No
area imports it.
"""
