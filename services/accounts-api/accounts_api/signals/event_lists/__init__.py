"""Product events are found by the rule language: all of a workspace, or a record's."""
