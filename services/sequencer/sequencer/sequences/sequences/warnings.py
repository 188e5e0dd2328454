"""What will go wrong in a sequence for one account unless somebody does something. It keeps no
record out, and is shown wherever somebody looks at the record's way through the sequence.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from sequencer.replica import service as records
from sequencer.replica.schemas import Account
from sequencer.sequences.sequences.schemas import Definition, SequenceWarningCode
from shared.uow import UnitOfWork
from shared.values.countries import UnknownCountry, country_code


@dataclass(frozen=True, slots=True)
class SequenceWarning:
    code: SequenceWarningCode
    message: str
    key_role: str | None = None


def warnings_of(
    definition: Definition, account: Account | None, gone: Collection[UUID]
) -> list[SequenceWarning]:
    """`gone` are members who have left: what they still hold, nobody holds."""
    if account is None:
        return []
    return [*_vacancies(definition, account, gone), *_holidays(definition, account)]


def _vacancies(
    definition: Definition, account: Account, gone: Collection[UUID]
) -> Iterator[SequenceWarning]:
    sender = definition.sender.key_role
    purposes = [
        (sender, "no mail of this sequence can leave"),
        (definition.tasks.assignee_key_role, "its tasks are assigned to nobody"),
        (definition.notify_key_role, "nobody learns of a reply"),
    ]
    for role in dict.fromkeys(role for role, _ in purposes if role is not None):
        if any(holder not in gone for holder in account.holders_of(role)):
            continue
        for_what = " and ".join(purpose for wanted, purpose in purposes if wanted == role)
        message = f"Nobody holds {role} at {account.name}: {for_what}. Give the account a holder."
        yield SequenceWarning("vacant_key_role", message, role)


def _holidays(definition: Definition, account: Account) -> Iterator[SequenceWarning]:
    windows = [definition.send_window, *(step.send_window for step in definition.steps)]
    if not any(window is not None and window.skip_public_holidays for window in windows):
        return
    if account.country is None:
        yield SequenceWarning(
            "country_missing",
            f"{account.name} has no country, so mails leave on public holidays too.",
        )
        return
    try:
        country_code(account.country)
    except UnknownCountry as error:
        yield SequenceWarning(
            "country_unknown",
            f"Mails to {account.name} leave on public holidays too: {error}",
        )


async def who_left(uow: UnitOfWork, accounts: Iterable[Account]) -> set[UUID]:
    """Of those who hold a key role of one of the accounts."""
    holders = {
        holder
        for account in accounts
        for role in account.key_roles
        for holder in account.holders_of(role)
    }
    return {
        member.id for member in (await records.members(uow, holders)).values() if not member.active
    }
