"""A success metric as it is written and as it is understood: sources, windows, exact arithmetic.

Pure: no database. `reading` makes a `Metric` of a document and finds every fault of it, `depends`
says which changes can change its value, `arithmetic` works it out of what its sources give. What a
metric is made of stands in `documents`.
"""
