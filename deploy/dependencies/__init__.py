"""The virtual environment, by the locks (`install`), and the locks, anew (`resolve`)."""
