"""Rules that are watched: what they see, when time may change them, and who decides what follows.

A watched rule is judged again for exactly the records that can have changed: those a change in
`change_queue` reaches over the dependency index (`watch_sights`), those whose instant in
`watch_horizons` has come, and every record once when the rule is new (`sweeps`). What follows from
a verdict is said by the feature that owns the watch: segments, lifecycle.
"""
