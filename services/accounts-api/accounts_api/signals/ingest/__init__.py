"""Segment's HTTP Tracking API: what SDKs send becomes events, profiles and tallies.

Each message is read by itself and given to the feature that keeps what it says. Servers send with a
key in a header, browsers with a write key in the body.
"""
