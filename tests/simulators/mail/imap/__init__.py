"""IMAP4rev1 (RFC 3501) as far as mail readers use it, with UIDPLUS, MOVE, IDLE and CONDSTORE."""
