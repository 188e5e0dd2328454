"""Tenure on one machine with one command. Nothing here is part of a container image."""
