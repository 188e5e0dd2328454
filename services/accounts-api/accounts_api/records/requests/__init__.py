"""What requests ask of the records of one type: bodies and rows in, one outcome for each."""
