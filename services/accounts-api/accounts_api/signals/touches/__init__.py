"""When somebody last spoke with a customer: mail both ways, meetings, notes."""
