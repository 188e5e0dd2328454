"""What the accounts service asks before somebody leaves or something is deleted: who uses it here.

May import every other area, because it looks into what they store. No other area imports it.
"""
