"""What edits make of records: worked out for a batch of one record type, without a statement."""
