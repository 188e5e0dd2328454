"""The health of one record: its scores now and at any instant, how they came about, and what people
say over them for a time.
"""
