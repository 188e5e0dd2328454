"""What each metric comes to for each record, kept true by the engine: of now alone.

What it was on a day that is past is worked out when somebody asks, of what is kept for ever.
"""
