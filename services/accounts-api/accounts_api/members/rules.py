"""Who may hold which role, and what a seat costs."""

from shared.auth import GRANTS, Caller, Role

FREE_ROLE: Role = "observer"


def email_key(email: str) -> str:
    return email.strip().casefold()


def is_paid(role: Role, *, active: bool) -> bool:
    return active and role != FREE_ROLE


def may_grant(caller: Caller, role: Role) -> bool:
    """Nobody gives a role that may do more than they may; the role that may least is free."""
    return role == FREE_ROLE or GRANTS[role] <= caller.permissions
