"""What the simulated outside world does with a mail, and to whom.

A rule either breaks the hand-over at one stage of the SMTP dialogue (`fault`), or lets the mail be
accepted and sends something back (`reaction`), or breaks what a mail reader does (`imap`), or, with
none of them, accepts and stays silent. The youngest rule that matches wins, so a test overrides the
rules of the domains below by adding one.
"""

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Stage(StrEnum):
    CONNECT = "connect"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"


class Fault(Model):
    """Waits `delay` seconds, then closes or answers `code`; with neither the dialogue goes on."""

    stage: Stage
    delay: Annotated[float, Field(ge=0)] = 0
    close: bool = False
    code: Annotated[int, Field(ge=400, le=599)] | None = None
    #: What follows the code, enhanced code first: `5.1.1 No such user`.
    text: str | None = None
    #: Stage `dot` only: the mail is accepted first, then comes the delay or the close. A client
    #: that loses patience or the connection cannot know it.
    accepted: bool = False
    #: Stage `body` only: bytes read before the close; half of the declared SIZE if not given.
    after_bytes: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.close and self.code is not None:
            raise ValueError("a fault either closes the connection or answers")
        if self.accepted and (self.stage is not Stage.DOT or self.code is not None):
            raise ValueError("only after the dot, and without a refusal, can a mail be accepted")
        if self.after_bytes is not None and self.stage is not Stage.BODY:
            raise ValueError("after_bytes belongs to the stage `body`")
        if self.stage is Stage.BODY and not self.close:
            raise ValueError("in the middle of the body a server can only close")
        return self


class ImapFault(Model):
    """Waits, then closes or answers NO to commands such as `UID FETCH`, `IDLE`, `LOGIN`."""

    command: str = "*"
    delay: Annotated[float, Field(ge=0)] = 0
    close: bool = False
    #: Close only after so many bytes of the answer, so that a message arrives truncated.
    after_bytes: Annotated[int, Field(ge=0)] = 0
    refuse: str | None = None


class ReactionKind(StrEnum):
    BOUNCE = "bounce"
    REPLY = "reply"
    OUT_OF_OFFICE = "out_of_office"
    COMPLAINT = "complaint"


class BounceForm(StrEnum):
    NESTED = "nested"  #: the whole original as message/rfc822 (Gmail)
    HEADERS = "headers"  #: only its header, as text/rfc822-headers (Postfix, Sendmail)
    EXCHANGE = "exchange"  #: prose in one text/plain part, no multipart/report
    LOCALIZED = "localized"  #: a real report whose words are German


class Reaction(Model):
    kind: ReactionKind
    delay: Annotated[float, Field(ge=0)] = 0
    status: Annotated[str, Field(pattern=r"^[245]\.\d{1,3}\.\d{1,3}$")] = "5.1.1"
    action: Annotated[str, Field(pattern=r"^(failed|delayed)$")] = "failed"
    diagnostic: str | None = None
    form: BounceForm = BounceForm.NESTED
    text: str | None = None
    #: A person may answer from another address than the one that was written to.
    from_address: str | None = None


class Rule(Model):
    """Patterns are shell wildcards over lower-case addresses; `skip` and `times` count matches."""

    recipient: str = "*"
    sender: str = "*"
    login: str = "*"
    skip: Annotated[int, Field(ge=0)] = 0
    times: Annotated[int, Field(ge=1)] | None = None
    fault: Fault | None = None
    reaction: Reaction | None = None
    imap: ImapFault | None = None
    id: int = 0

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if sum(part is not None for part in (self.fault, self.reaction, self.imap)) > 1:
            raise ValueError("a rule does one thing: write another rule for the other")
        early = self.fault and self.fault.stage in {Stage.CONNECT, Stage.AUTH, Stage.MAIL}
        if early and self.recipient != "*":
            raise ValueError("at connect, auth and mail no recipient is known yet")
        return self


HARD_BOUNCE = Reaction(kind=ReactionKind.BOUNCE)
SOFT_BOUNCE = Reaction(kind=ReactionKind.BOUNCE, status="4.2.2")
REPLY = Reaction(kind=ReactionKind.REPLY)
OUT_OF_OFFICE = Reaction(kind=ReactionKind.OUT_OF_OFFICE)

DEFAULTS = (
    Rule(recipient="*@bounce.example", reaction=HARD_BOUNCE),
    Rule(recipient="*@full.example", reaction=SOFT_BOUNCE),
    Rule(
        recipient="*@unknown.example",
        fault=Fault(stage=Stage.RCPT, code=550, text="5.1.1 User unknown"),
    ),
    Rule(recipient="*@reply.example", reaction=REPLY),
    Rule(recipient="*@ooo.example", reaction=OUT_OF_OFFICE),
)


class RuleBook:
    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._matches: dict[int, int] = {}
        self._last_id = 0
        self.reset()

    def add(self, rule: Rule) -> Rule:
        self._last_id += 1
        numbered = rule.model_copy(update={"id": self._last_id})
        self._rules.insert(0, numbered)
        return numbered

    def remove(self, rule_id: int) -> None:
        kept = [rule for rule in self._rules if rule.id != rule_id]
        if len(kept) == len(self._rules):
            raise LookupError(f"no rule {rule_id}")
        self._rules = kept

    def reset(self) -> None:
        """Forget every rule but those of the default domains."""
        self._rules.clear()
        self._matches.clear()
        for rule in DEFAULTS:
            self.add(rule)

    def all(self) -> list[Rule]:
        return list(self._rules)

    def fault_at(
        self,
        stage: Stage,
        *,
        login: str = "",
        sender: str = "",
        recipients: list[str] | None = None,
    ) -> Fault | None:
        for rule in self._rules:
            if rule.fault is None or rule.fault.stage is not stage:
                continue
            if self._applies(rule, login, sender, recipients or [""]):
                return rule.fault
        return None

    def reaction_to(self, *, login: str, sender: str, recipient: str) -> Reaction | None:
        for rule in self._rules:
            silent = rule.fault is None and rule.imap is None
            if silent and self._applies(rule, login, sender, [recipient]):
                return rule.reaction
        return None

    def imap_fault(self, *, login: str, command: str) -> ImapFault | None:
        for rule in self._rules:
            if rule.imap is None or not fnmatchcase(command, rule.imap.command.upper()):
                continue
            if self._applies(rule, login, "", [""]):
                return rule.imap
        return None

    def _applies(self, rule: Rule, login: str, sender: str, recipients: list[str]) -> bool:
        fits = (
            fnmatchcase(login.lower(), rule.login.lower())
            and fnmatchcase(sender.lower(), rule.sender.lower())
            and any(fnmatchcase(to.lower(), rule.recipient.lower()) for to in recipients)
        )
        if not fits:
            return False
        seen = self._matches[rule.id] = self._matches.get(rule.id, 0) + 1
        return rule.skip < seen and (rule.times is None or seen <= rule.skip + rule.times)
