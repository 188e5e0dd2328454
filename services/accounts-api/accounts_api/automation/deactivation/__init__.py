"""Contact deactivation: which contacts no mail and no playbook may reach, by rules."""
