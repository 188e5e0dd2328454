"""What a customer record is made of (`schema`), the one way in which it is read for a change and
written (`store`), what it was before (`history`), and which system may write which of its fields
(`field_owners`).

Imports language and identity. Areas above change records through `store.service` alone, and learn
of changes by the hooks that `wiring.py` names.
"""
