"""The ordered definitions of a health score: written, checked, stored with a version for the whole
list, and made ready for use.
"""
