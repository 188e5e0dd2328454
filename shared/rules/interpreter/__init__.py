"""A typed rule read in Python over one record: the verdict (`evaluate`), why (`explain`), when time
alone may change it (`next_change`), which changes can change it (`depends`), and what must be
loaded of a record to know (`needs`). `sql` reads the same trees for many records at once.
"""
