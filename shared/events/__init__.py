"""The events that services publish, by publisher, and who subscribes to whom."""
