"""Who would have an indicator, if a draft of its definition were stored."""
