"""What `make check` judges beside format, lint, types and imports."""
