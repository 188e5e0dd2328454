"""Finds the origin of a mail. `wiring.py` names the kinds of origins that there are, and a further
kind is one more entry there.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sequencer.mail.messages.schemas import Message
from sequencer.mail.origins.protocols import Origin, OriginKind
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Origins:
    by_kind: Mapping[str, OriginKind]
    """By the name that a mail gives the kind of its own."""


def kinds(uow: UnitOfWork) -> Collection[OriginKind]:
    return uow.wired(Origins).by_kind.values()


def kind_of(uow: UnitOfWork, message: Message) -> OriginKind:
    return uow.wired(Origins).by_kind[message.origin_kind]


async def origin_of(uow: UnitOfWork, message: Message, *, lock: bool = False) -> Origin:
    return await kind_of(uow, message).get(uow, message, lock=lock)
