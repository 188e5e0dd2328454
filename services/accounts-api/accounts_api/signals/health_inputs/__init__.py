"""What the measures of a health score read of a record: its fields, days since something, whether a
rule holds. `inputs` reads the words, `sql` makes values and next changes of them.
"""
