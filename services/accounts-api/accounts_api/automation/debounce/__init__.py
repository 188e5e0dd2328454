"""Moves in segments that others are told of only when they have lasted."""
