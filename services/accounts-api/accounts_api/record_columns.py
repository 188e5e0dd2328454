"""Which columns of this service name records, and what merges and deletions do about each: for who
follows them and for the test of that.
"""

from typing import Final

from shared.record_columns import RecordColumn

_ITSELF: Final = "the record itself: it leaves a tombstone, and an alias leads to the winner"
_TOMBSTONE: Final = "it stays as a tombstone, and comes back with undelete"
_EDITED: Final = "records.merging edits the living, a tombstone when it comes back"
_CASCADES: Final = "records.cascades: it leaves with the last record that it belongs to"
_STAYS: Final = "it stays, and is there again with the record"
_EVALUATED: Final = "the change is evaluated: it ends for the loser and begins for the winner"
_ENDS: Final = "the change is evaluated: it ends, and begins again with undelete"
_THEN: Final = "says what was so then, of the record that it was so of"
_COUNTED: Final = "signals.product_events counts it for the winner"
RECORD_COLUMNS: Final = (
    RecordColumn("organizations", "id", "organization", kept=_ITSELF, deleted=_TOMBSTONE),
    RecordColumn("accounts", "id", "account", kept=_ITSELF, deleted=_TOMBSTONE),
    RecordColumn("contacts", "id", "contact", kept=_ITSELF, deleted=_TOMBSTONE),
    RecordColumn("opportunities", "id", "opportunity", kept=_ITSELF, deleted=_TOMBSTONE),
    RecordColumn("objects", "id", type_column="object_type_id", kept=_ITSELF, deleted=_TOMBSTONE),
    RecordColumn(
        "accounts",
        "organization_id",
        "organization",
        kept=_EDITED,
        deleted="it stays: an account is a customer without its organization, too",
    ),
    RecordColumn("opportunities", "account_id", "account", kept=_EDITED, deleted=_CASCADES),
    RecordColumn("account_contacts", "account_id", "account", kept=_EDITED, deleted=_CASCADES),
    RecordColumn("account_contacts", "contact_id", "contact", kept=_EDITED, deleted=_STAYS),
    RecordColumn("objects", "organization_id", "organization", kept=_EDITED, deleted=_CASCADES),
    RecordColumn("objects", "account_id", "account", kept=_EDITED, deleted=_CASCADES),
    RecordColumn("objects", "contact_id", "contact", kept=_EDITED, deleted=_CASCADES),
    RecordColumn("objects", "opportunity_id", "opportunity", kept=_EDITED, deleted=_CASCADES),
    RecordColumn("cascades", "record_id", type_column="record_type", kept=_THEN, deleted=_STAYS),
    RecordColumn(
        "key_role_assignments",
        "account_id",
        "account",
        kept="records.merging: the winner takes the holders of the roles that it lacks",
        deleted=_STAYS,
    ),
    RecordColumn(
        "planned_holdings", "account_id", "account", deleted="refused when its time comes"
    ),
    RecordColumn(
        "field_changes", "record_id", type_column="record_type", kept=_THEN, deleted=_STAYS
    ),
    RecordColumn("lifecycle_status_periods", "account_id", "account", kept=_THEN, deleted=_STAYS),
    RecordColumn("import_rows", "record_id", type_column="import_id", kept=_THEN, deleted=_STAYS),
    RecordColumn(
        "change_queue", "record_id", type_column="record_type", kept=_THEN, deleted=_STAYS
    ),
    RecordColumn(
        "past_corrections", "record_id", type_column="record_type", kept=_THEN, deleted=_STAYS
    ),
    RecordColumn(
        "rule_next_changes", "record_id", type_column="rule_id", kept=_EVALUATED, deleted=_ENDS
    ),
    RecordColumn("assignment_matches", "account_id", "account", kept=_EVALUATED, deleted=_ENDS),
    RecordColumn("contact_deactivations", "contact_id", "contact", kept=_EVALUATED, deleted=_ENDS),
    RecordColumn(
        "segment_members", "record_id", type_column="segment_id", kept=_EVALUATED, deleted=_ENDS
    ),
    RecordColumn(
        "segment_pending_notifications",
        "record_id",
        type_column="segment_id",
        kept=_EVALUATED,
        deleted=_ENDS,
    ),
    RecordColumn(
        "segment_overrides",
        "record_id",
        type_column="segment_id",
        kept="automation.memberships: what a person said of the loser holds of the winner",
        deleted=_STAYS,
    ),
    RecordColumn(
        "segment_override_changes",
        "record_id",
        type_column="segment_id",
        kept=_THEN,
        deleted=_STAYS,
    ),
    RecordColumn(
        "health_scores", "record_id", type_column="score_id", kept=_EVALUATED, deleted=_ENDS
    ),
    RecordColumn("health_changes", "record_id", type_column="score_id", kept=_THEN, deleted=_STAYS),
    RecordColumn(
        "health_overrides",
        "record_id",
        type_column="score_id",
        kept="signals.health_overrides: what a person said of the loser ends with it",
        deleted="signals.health_overrides: it ends with the record",
    ),
    RecordColumn(
        "indicators",
        "record_id",
        type_column="record_type",
        kept="signals.indicators: the winner has what was live, of each cause one",
        deleted="the change is evaluated: it is cleared, and opens again with undelete",
    ),
    RecordColumn("indicators", "account_id", "account", deleted=_STAYS),
    RecordColumn(
        "indicator_changes", "record_id", type_column="indicator_id", kept=_THEN, deleted=_STAYS
    ),
    RecordColumn("indicator_changes", "account_id", "account", kept=_THEN, deleted=_STAYS),
    RecordColumn(
        "indicator_holds", "record_id", type_column="definition_id", kept=_EVALUATED, deleted=_ENDS
    ),
    RecordColumn(
        "indicator_counts", "record_id", type_column="record_type", kept=_EVALUATED, deleted=_ENDS
    ),
    RecordColumn(
        "metric_values", "record_id", type_column="metric_id", kept=_EVALUATED, deleted=_ENDS
    ),
    RecordColumn("product_event_days", "account_id", "account", kept=_COUNTED, deleted=_STAYS),
    RecordColumn("product_event_days", "contact_id", "contact", kept=_COUNTED, deleted=_STAYS),
    RecordColumn("product_event_values", "account_id", "account", kept=_COUNTED, deleted=_STAYS),
    RecordColumn("product_event_values", "contact_id", "contact", kept=_COUNTED, deleted=_STAYS),
    RecordColumn("product_events", "account_id", "account", kept=_THEN, deleted=_STAYS),
    RecordColumn("product_events", "contact_id", "contact", kept=_THEN, deleted=_STAYS),
    *(
        RecordColumn(
            table,
            "record_id",
            type_column="record_type",
            kept="signals.touches: those of the loser are the winner's",
            deleted=_STAYS,
        )
        for table in ("touches", "record_touches")
    ),
    RecordColumn(
        "product_profiles",
        "record_id",
        type_column="kind",
        kept="written by its external id, which leads to the winner",
        deleted=_STAYS,
    ),
    RecordColumn("survey_invitations", "account_id", "account", deleted=_STAYS),
    RecordColumn(
        "survey_invitations",
        "contact_id",
        "contact",
        deleted="it stays; its link is closed until the contact is back",
    ),
    RecordColumn("survey_responses", "account_id", "account", deleted=_STAYS),
    RecordColumn(
        "survey_responses",
        "contact_id",
        "contact",
        deleted="it stays: what was said still counts; erasing it is asked for by itself",
    ),
)
