"""What people answered to surveys, with the versions of each answer."""
