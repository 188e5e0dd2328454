"""What SDKs say of people and groups by `identify` and `group`, and which of it becomes ours.

What was said last of a user or a group is kept as a profile, and a loop writes those of its traits
that the workspace has mapped to the contact or the account, once it is there.
"""
