"""Mails from the ledger to the mail server and back: what they say, from where they leave, what
became of each, and to whom nothing is sent.

May import `replica`. It is to know nothing of what mails are sent for. Areas above import a feature
through its `service`, its schemas and its rules.
"""
