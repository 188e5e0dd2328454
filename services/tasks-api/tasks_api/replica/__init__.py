"""The service's own copies of members and of each account's key roles: enough to find an assignee.

The lowest area: it imports no other. Others ask its `service`, and `references` for what a request
names, before they begin a transaction. Rows change only by events of the accounts service.
"""
