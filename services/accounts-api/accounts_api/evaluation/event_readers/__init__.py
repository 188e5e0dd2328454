"""Who reads product events must not change while one is counted.

What counts an event asks in its transaction who reads events of that name, and leaves out the rest.
A reader that registers just then would miss the event: so counting holds a lock that readers who
register wait for, and those who count do not wait for each other.
"""
