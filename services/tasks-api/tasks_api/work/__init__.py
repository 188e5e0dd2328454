"""What people must do: one open task for each cause. Projects come here, too.

It imports `notifications`, which tells of assignments, and `replica`, which knows the assignees.
`task_causes`, which opens and closes tasks by itself, stands above `tasks`. Others open a task for
a cause through `work.task_causes.service`; nobody else imports anything of it.
"""
