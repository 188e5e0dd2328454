"""Who uses a trait, a segment, a key role or a member: asked here and of the other services."""
