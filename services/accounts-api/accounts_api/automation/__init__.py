"""Rules that keep records in place without anybody's hand: segments, the lifecycle status, whom no
mail may reach, who holds a key role, and who takes over from a leaver.

Imports every area below. What is above reads it through its services.
"""
