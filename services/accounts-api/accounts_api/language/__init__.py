"""What a rule of this service may read, and what a formula and a file of rows mean, as pure
functions. The rule language itself is `shared.rules`.

Imports no other area and reads no table. Every area above may parse, check, evaluate and explain by
it.
"""
