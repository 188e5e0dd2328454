"""What every simulated outside system needs: a clock, a journal, an HTTP server of its own."""
