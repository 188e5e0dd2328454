"""A Salesforce org that speaks the real wire format, for tests and the sandbox."""
