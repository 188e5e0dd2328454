"""Mails as a contact's program or a responder writes them, and what they are judged to be."""

from email.header import Header
from uuid import UUID

from shared.mail.message_ids import own_message_id
from sync_worker.mail.classification.classify import Finding, classified
from sync_worker.mail.classification.message import Mail

WS = UUID("0198c0de-0000-7000-8000-000000000001")
OURS = own_message_id(WS, UUID(int=7), "acme.example")
JO = "Return-Path: <jo@cust.example>\nFrom: Jo <jo@cust.example>\nTo: ana@acme.example\n"
THREAD = f"In-Reply-To: {OURS}\nReferences: {OURS}\n"


def found(raw: str) -> Finding:
    return classified(WS, Mail.parse(raw.encode().replace(b"\n", b"\r\n")))


def mail(subject: str, head: str = "", body: str = "Yes, let us go on.") -> str:
    return f"{JO}Subject: {Header(subject, 'utf-8').encode()}\n{head}\n{body}\n"
