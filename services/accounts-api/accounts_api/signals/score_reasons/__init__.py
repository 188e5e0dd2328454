"""Why a record has its score: what each measure adds, what changed it, the least that would change
its label. Pure, like `scoring`; whoever explains reads rows and asks here.

Everything is a `Fraction` or a whole number, and lines add up to what they explain without a rest.
`written` shows fractions with four decimals that still add up.
"""
