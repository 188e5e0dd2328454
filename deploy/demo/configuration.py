"""What the workspace of the story decides: statuses, segments, the renewal sequence."""

from typing import Any

from tests.simulators.salesforce.people import FORMER_CSM, SCALED_CSMS, Person

Json = dict[str, Any]

WORKSPACE_ZONE = "Europe/Berlin"
MAIL_PASSWORD = "a password of the sandbox"  # noqa: S105  (of a simulated mailbox)
SENDERS: tuple[Person, ...] = SCALED_CSMS
LEAVER = FORMER_CSM

LIFECYCLE_RULES: tuple[Json, ...] = (
    {
        "status": "ignored",
        "title": "Internal test accounts",
        "rule": 'traits.customer_type = "Internal Test"',
    },
    {
        "status": "churned",
        "title": "The churn date has come",
        "rule": "traits.churn_date <= today",
        "since_field": "traits.churn_date",
    },
    {
        "status": "trial",
        "title": "A prospect on trial",
        "rule": 'traits.customer_type = "Prospect"',
        "end_field": "traits.trial_end",
    },
)

SCALED = "Scaled"
SCALED_RULE = 'lifecycle_status = "subscribed" and traits.cs_tier = "Scaled"'
SEQUENCE = "Scaled renewals"
DUE = "Scaled renewals due within 90 days"


def due_rule(scaled_segment_id: str) -> str:
    return (
        'type = "renewal" and is_closed = false'
        f' and any account (in segment "{scaled_segment_id}")'
        " and (contract_expiration within next 90 days or contract_expiration is empty)"
    )


_SIGNATURE = """
{{ sender.name }}
{{ workspace.name }}

Not the right person, or enough of these? {{ unsubscribe_url }}
"""
_GREETING = "Hi {{ contact.first_name | default: 'there' }},\n\n"
_DAY = "{{ opportunity.contract_expiration | date: '%-d %B %Y' }}"
_STEPS: tuple[tuple[int, str, str], ...] = (
    (
        -90,
        f"{{{{ account.name }}}}: your renewal on {_DAY}",
        (
            f"your contract with us runs until {_DAY}. All about the renewal is in one place:"
            " {{ opportunity.deal_room_url }}"
        ),
    ),
    (
        -60,
        "Two months to your renewal",
        (
            "a look at what changed for {{ account.name }} this year, and what we propose:"
            " {{ opportunity.deal_room_url }}"
        ),
    ),
    (
        -30,
        "One month to your renewal",
        "the offer for {{ account.name }} is ready to sign: {{ opportunity.deal_room_url }}",
    ),
    (
        -14,
        "Two weeks to your renewal",
        (
            f"without a signature your access ends on {_DAY}. Two minutes here settle it:"
            " {{ opportunity.deal_room_url }}"
        ),
    ),
    (
        -7,
        "One week to your renewal",
        f"a last word from me before {_DAY}: {{{{ opportunity.deal_room_url }}}}",
    ),
)
STEP_TITLES = {offset: f"Renewal {-offset} days before" for offset, _, _ in _STEPS}


def renewal_sequence(due_segment_id: str, scaled_segment_id: str) -> Json:
    return {
        "title": SEQUENCE,
        "audience_segment_id": due_segment_id,
        "account_segment_id": scaled_segment_id,
        "steps": [
            {
                "title": STEP_TITLES[offset],
                "offset_days": offset,
                "subject": subject,
                "text": f"{_GREETING}{text}\n{_SIGNATURE}",
            }
            for offset, subject, text in _STEPS
        ],
        "sender": {"key_role": "csm"},
        "send_window": {"start": "09:00", "end": "17:00", "weekdays": [1, 2, 3, 4, 5]},
        "entry": {"late_grace_days": 7, "manual_flag": True},
        "contact_selector": {"trait": "product_admin"},
        "tasks": {"assignee_key_role": "renewal_manager", "due_business_days": 2},
        "notify_key_role": "csm",
    }
