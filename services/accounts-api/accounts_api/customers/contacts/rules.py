from typing import Final

from shared.events.records import EmailStatus

_BADNESS: Final[dict[EmailStatus, int]] = {
    "ok": 0,
    "bounced": 1,
    "unsubscribed": 2,
    "complained": 3,
}


def worse(status: EmailStatus, than: EmailStatus) -> bool:
    return _BADNESS[status] > _BADNESS[than]
