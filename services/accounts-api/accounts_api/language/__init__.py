"""What a rule, a formula and a file of rows mean, as pure functions; one folder writes rules as
SQL.

Imports no other area and reads no table. Every area above may parse, check, evaluate and explain by
it.
"""
