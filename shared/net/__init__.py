"""Calls to other hosts: the one HTTP client, the addresses that may be dialled, what came back."""
