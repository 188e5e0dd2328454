"""What people and programs open: the API as this workspace has made it.

Imports every area below. Nothing is above.
"""
