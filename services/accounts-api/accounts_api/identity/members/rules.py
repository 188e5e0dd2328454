"""Who may hold which role, and what a seat costs."""

from shared.auth import GRANTS, Caller
from shared.events.accounts import MemberRole
from shared.mail.addresses import email_key

FREE_ROLE: MemberRole = "observer"


def member_key(email: str) -> str:
    """Who is the same person. An address stored before it would have been refused is itself."""
    return email_key(email) or email.strip().casefold()


def is_paid(role: MemberRole, *, active: bool) -> bool:
    return active and role != FREE_ROLE


def may_grant(caller: Caller, role: MemberRole) -> bool:
    """Nobody gives a role that may do more than they may; the role that may least is free."""
    return role == FREE_ROLE or GRANTS[role] <= caller.permissions
