"""How a customer is doing, told from the first login to the call that brings it back."""
