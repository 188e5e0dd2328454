"""Formula traits: checked as they are written, and their values kept true."""
