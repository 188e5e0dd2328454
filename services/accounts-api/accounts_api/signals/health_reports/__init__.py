"""What a health score says of all records together: how they are spread over its labels, and what
it had said of those that churned and of those that renewed.
"""
