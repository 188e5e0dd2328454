"""What every public operation goes through: caller, checks, transaction, answer or problem."""
