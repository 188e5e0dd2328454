"""The catalog that rules over this service's records begin with, and who is ignored; the language
itself is `shared.rules`.
"""
