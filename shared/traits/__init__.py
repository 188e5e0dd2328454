"""Traits: what a workspace defines of its records' own fields, and which values these take.

`definitions` reads what was defined, `values` brings a value into the one form of its type,
`patches` says what a write makes of a record's traits, `conversion` what a value becomes when its
definition is another one, `fields` what rules know of a trait. No statements: whoever keeps records
keeps definitions.
"""
