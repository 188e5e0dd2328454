"""A server of JSON documents in folders: the smallest system that records can be read from."""

from tests.simulators.shelf.simulator import ShelfSimulator

__all__ = ["ShelfSimulator"]
