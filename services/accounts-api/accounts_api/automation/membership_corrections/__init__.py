"""Memberships of the past, derived anew where what was told late makes them another."""
