from accounts_api.signals.event_counts.queries import count, count_values, hand_over

__all__ = ["count", "count_values", "hand_over"]
