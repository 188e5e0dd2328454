"""How customers are doing: what they do in the product, as it happens.

Imports customers and what is below it. Areas above ask its services what was counted.
"""
