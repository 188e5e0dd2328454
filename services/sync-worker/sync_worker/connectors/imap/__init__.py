"""Mailboxes, read over IMAP (RFC 9051)."""
