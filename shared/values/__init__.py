"""Which values are accepted, and in which form they are stored: JSON, text, countries, websites."""
