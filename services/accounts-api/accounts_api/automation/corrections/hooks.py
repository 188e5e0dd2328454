"""Whose results follow from the past: `wiring.py` names the features, those first whose results the
others read.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts_api.automation.corrections.rules import PastChange
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork

Correct = Callable[
    [UnitOfWork, Sequence[PastChange], EvaluationContext], Awaitable[datetime | None]
]
"""Derives anew what these changes make another. Until when, if that is only a piece of it."""


@dataclass(frozen=True, slots=True)
class CorrectionHooks:
    correct: Sequence[Correct]
