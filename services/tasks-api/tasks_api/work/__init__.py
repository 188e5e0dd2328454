"""What people must do: one open task for each cause. Projects come here, too.

It imports `notifications`, which tells of assignments, and `replica`, which knows the assignees.
Others open and close tasks through `work.tasks.service`; nobody else imports anything of it.
"""
