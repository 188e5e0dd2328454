"""Calendars: which days and hours are worked. Every workspace has a default one; a member may have
another.
"""
