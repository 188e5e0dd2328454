"""A member who leaves: what they hold, who takes it, and the job that moves it."""
