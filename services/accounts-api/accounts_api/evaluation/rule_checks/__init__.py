"""A rule by itself: checked, converted, explained on one record; nothing is stored."""
