"""A typed formula read in Python over one record: its value (`evaluate`), the form in which a trait
keeps that (`kept`), why there is none (`nulls`), when time alone may change it (`next_change`),
which changes can change it, and what must be loaded of a record to know (`depends`). Conditions in
it are read by `interpreter`.
"""
