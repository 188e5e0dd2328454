"""Why a record has its score: what each measure adds, what holds it, what would change it, and what
changed it since. Read from what was decided, so that an answer cannot disagree with what was shown.
"""
