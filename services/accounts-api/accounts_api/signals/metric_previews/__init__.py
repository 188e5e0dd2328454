"""What a draft of a metric would come to over the records there are; nothing is stored."""
