"""E-mail without a mail server: addresses, Message-IDs of our own mails, and why a mail failed."""
