"""Copies of the records that accounts owns, because what decides a hand-over must be lockable here.

Imports no other area. All others read it through `service`; its rows change by events of accounts
alone, and a copy is replaced only by a newer version.
"""
