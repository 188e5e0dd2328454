"""From which day on the values of a metric are whole, and why not before."""
