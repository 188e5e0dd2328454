"""What the accounts service asks before somebody leaves or something goes: who uses it here."""
