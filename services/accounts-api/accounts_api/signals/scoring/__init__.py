"""What a health definition says of a record: points, score, label. Pure: no database, no HTTP.

`schemas` is the document that clients send and that is stored (`definitions`, in their order);
`reading` makes a `Definition` of it, or all of its faults; `points` and `score` evaluate one in
Python, `sql` in PostgreSQL, and a test holds the two to the same integers.

| unit | is |
|---|---|
| points of a measure | whole hundredths, 0 to 10,000; None: skipped |
| value of a group | whole ten-thousandths of a point, 0 to 1,000,000 |
| score | a whole number, 0 to 100; None with a reason |
| effective weight, contribution | a `Fraction`: they add up exactly |

Points of a record are a list in the order of `Definition.measures`, over all groups.
"""
