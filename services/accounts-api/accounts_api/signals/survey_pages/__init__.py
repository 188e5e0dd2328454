"""The page behind the link of an invitation: a form that works without script. Opening it records
nothing, for scanners open every link of a mail; only sending the form does.
"""
