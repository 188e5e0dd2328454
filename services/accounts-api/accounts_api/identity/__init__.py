"""Who works here, and when: the workspace, its members, its calendars, its API keys and the record
of what they changed in its settings.

Imports no other area. Every area may ask its services who somebody is and what they may do.
"""
