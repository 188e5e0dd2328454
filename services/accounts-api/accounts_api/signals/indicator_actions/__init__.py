"""What people and programs ask of indicators: lists, what they open, address, silence and clear."""
