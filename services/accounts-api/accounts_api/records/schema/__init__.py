"""What each type of record is made of: its fields, traits, tables, and the words rules have for
them.
"""
