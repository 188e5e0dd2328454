"""Mails as people, responders and mail systems write them, and what they are judged to be."""

from email.header import Header
from uuid import UUID

from shared.mail.message_ids import own_message_id
from sync_worker.mail.classification.classify import Finding, classified
from sync_worker.mail.classification.message import Mail

WS = UUID("0198c0de-0000-7000-8000-000000000001")
OURS = own_message_id(WS, UUID(int=7), "acme.example")
JO = "Return-Path: <jo@cust.example>\nFrom: Jo <jo@cust.example>\nTo: ana@acme.example\n"
THREAD = f"In-Reply-To: {OURS}\nReferences: {OURS}\n"
GONE = "gone@cust.example"
QUOTED = f"""\
Received: from out.acme.example (out.acme.example [192.0.2.9])
\tby relay.acme.example (Postfix) with ESMTPS id 5Kq2
\tfor <{GONE}>; Mon, 02 Mar 2026 09:00:00 +0000
From: Ana <ana@acme.example>
To: Jo <{GONE}>
Subject: Your plan
Message-ID: {OURS}
MIME-Version: 1.0
"""
MAILER = "Return-Path: <>\nFrom: Mail Delivery System <mailer-daemon@cust.example>"


def found(raw: str) -> Finding:
    return classified(WS, Mail.parse(raw.encode().replace(b"\n", b"\r\n")))


def verdict(raw: str) -> str:
    finding = found(raw)
    if finding.kind != "bounce":
        return finding.kind
    assert finding.report is not None
    return finding.report.kind


def mail(subject: str, head: str = "", body: str = "Yes, let us go on.") -> str:
    return f"{JO}Subject: {Header(subject, 'utf-8').encode()}\n{head}\n{body}\n"
