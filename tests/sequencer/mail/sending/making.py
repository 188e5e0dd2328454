"""One opportunity in a sequence, and the mail that it gets."""

from typing import Any

from tests.sequencer.renewals import Renewals


async def only_message(renewals: Renewals) -> dict[str, Any]:
    [message] = await renewals.messages()
    return message


async def enter(renewals: Renewals, *days_before: int, **fields: Any) -> Any:
    await renewals.furnish()
    await renewals.sequence(*days_before or (90, 60), **fields)
    return await renewals.opportunity()
