"""What a customer record is made of (`schema`), what edits make of it (`editing`), the one way in
which it is read for a change and written (`store`), who holds which key role for it (`holdings`),
how two become one (`merging`), what leaves with a deleted one (`cascades`), what requests ask of it
(`requests`), what it was before (`history`), and which system may write which of its fields
(`field_owners`). What a trait of it may be is in `shared.traits`.

Imports language and identity. Areas above change records through `requests.service` where a body
asks for it and through `store.service` where they decide, and learn of changes by the hooks that
`wiring.py` names.
"""
