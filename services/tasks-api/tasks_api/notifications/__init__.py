"""What a member was told, once for each event or assignment, and never of an act of their own.

It imports `replica`. Areas above tell a member something through `notifications.service.notify`.
"""
