"""Rules that open and clear indicators, evaluated by the engine."""
