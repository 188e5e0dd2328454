"""Product events: what people did in the workspace's own product, told by its SDKs.

An event is stored once per message id, given to the contact and the account it speaks of, and
counted into one row a day, which is all that rules read. What speaks of somebody unknown waits
until a record with that external id or address comes.
"""
