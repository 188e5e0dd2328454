"""What the answers to a survey come to: scores of the latest response of each contact."""
