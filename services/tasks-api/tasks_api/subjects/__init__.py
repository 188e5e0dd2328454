"""What becomes of tasks, notes and notifications when the record that they are about goes, comes
back or becomes another one.

The top area, because it looks into what the others store. No area imports it.
"""
