"""Tables and columns bear the words that the API and the documents use."""

from collections.abc import Iterable

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = (
    ("hand_overs", "handovers"),
    ("lifecycle_stints", "lifecycle_status_periods"),
    ("segment_tellings", "segment_pending_notifications"),
    ("assignment_looks", "assignment_backfills"),
    ("assignment_standings", "assignment_matches"),
    ("watches", "evaluated_rules"),
    ("watch_sights", "rule_dependencies"),
    ("watch_horizons", "rule_next_changes"),
    ("sweeps", "backfills"),
)
# Each of a table by its new name.
COLUMNS = (
    ("handovers", "done", "processed"),
    ("handovers", "refused", "skipped"),
    ("assignment_backfills", "nobody", "unassigned"),
    ("rule_dependencies", "watch_id", "rule_id"),
    ("rule_next_changes", "watch_id", "rule_id"),
    ("rule_next_changes", "flips_at", "next_change_at"),
    ("backfills", "watch_id", "rule_id"),
    ("backfills", "done", "processed"),
    ("backfills", "drift", "corrected"),
)
CONSTRAINTS = (
    ("handovers", "pk_hand_overs", "pk_handovers"),
    (
        "handovers",
        "fk_hand_overs_workspace_id_member_id_members",
        "fk_handovers_workspace_id_member_id_members",
    ),
    ("handovers", "ck_hand_overs_state", "ck_handovers_state"),
    ("lifecycle_status_periods", "pk_lifecycle_stints", "pk_lifecycle_status_periods"),
    (
        "lifecycle_status_periods",
        "fk_lifecycle_stints_workspace_id_account_id_accounts",
        "fk_lifecycle_status_periods_workspace_id_account_id_accounts",
    ),
    ("segment_pending_notifications", "pk_segment_tellings", "pk_segment_pending_notifications"),
    (
        "segment_pending_notifications",
        "fk_segment_tellings_workspace_id_segment_id_segments",
        "fk_segment_pending_notifications_workspace_id_segment_i_1fc1",
    ),
    ("assignment_backfills", "pk_assignment_looks", "pk_assignment_backfills"),
    ("assignment_backfills", "ck_assignment_looks_mode", "ck_assignment_backfills_mode"),
    ("assignment_matches", "pk_assignment_standings", "pk_assignment_matches"),
    ("evaluated_rules", "pk_watches", "pk_evaluated_rules"),
    ("rule_dependencies", "pk_watch_sights", "pk_rule_dependencies"),
    (
        "rule_dependencies",
        "fk_watch_sights_workspace_id_watch_id_watches",
        "fk_rule_dependencies_workspace_id_rule_id_evaluated_rules",
    ),
    ("rule_next_changes", "pk_watch_horizons", "pk_rule_next_changes"),
    ("backfills", "pk_sweeps", "pk_backfills"),
)
INDEXES = (
    ("ix_hand_overs_workspace_id_member_id_id", "ix_handovers_workspace_id_member_id_id"),
    ("uq_hand_overs_running", "uq_handovers_running"),
    ("ix_lifecycle_stints_trial_ends_at", "ix_lifecycle_status_periods_trial_ends_at"),
    ("uq_lifecycle_stints_current", "uq_lifecycle_status_periods_current"),
    (
        "ix_segment_tellings_workspace_id_due_at",
        "ix_segment_pending_notifications_workspace_id_due_at",
    ),
    ("ix_watch_sights_workspace_id_watch_id", "ix_rule_dependencies_workspace_id_rule_id"),
    ("ix_watch_horizons_workspace_id_flips_at", "ix_rule_next_changes_workspace_id_next_change_at"),
    ("ix_sweeps_unfinished", "ix_backfills_unfinished"),
)
# What a column or table is: before, now.
COMMENTS = (
    (
        "column backfills.corrected",
        "verdicts that the last look at every record had to correct",
        "verdicts that differed from what was stored",
    ),
    (
        "column backfills.repeated",
        "the rule is as it was when all were looked at before: what is corrected is drift",
        "the rule has not changed since the last backfill: what is corrected is drift",
    ),
    (
        "column rule_dependencies.path",
        "relations from the watched record to the one that is seen",
        "relations from the evaluated record to the one that the rule reads",
    ),
    (
        "table assignment_matches",
        "the rule whose set an account is in: choosing happens when it enters another",
        "the rule that decides about an account: a holder is chosen when it becomes another",
    ),
    (
        "table assignment_backfills",
        "what the look at every account of this run is for; other runs are self-checks",
        "what the backfill of this run is for; other runs are self-checks",
    ),
)
# Held work of a step, by the step's name.
STEPS = (("hand_overs", "handovers"), ("segment_tellings", "segment_pending_notifications"))


def renamed(statements: Iterable[str]) -> None:
    """No release runs these tables under their old names, so nothing runs beside this."""
    for statement in statements:
        op.execute(
            f"-- squawk-ignore renaming-table, renaming-column, renaming-object\n{statement}"
        )


def upgrade() -> None:
    renamed(f"alter table {before} rename to {now}" for before, now in TABLES)
    renamed(f"alter table {table} rename column {a} to {b}" for table, a, b in COLUMNS)
    renamed(f"alter table {table} rename constraint {a} to {b}" for table, a, b in CONSTRAINTS)
    renamed(f"alter index {before} rename to {now}" for before, now in INDEXES)
    for place, _, now in COMMENTS:
        op.execute(f"comment on {place} is '{now}'")
    for before, now in STEPS:
        op.execute(f"update held_work set step = '{now}' where step = '{before}'")


def downgrade() -> None:
    for before, now in STEPS:
        op.execute(f"update held_work set step = '{before}' where step = '{now}'")
    for place, before, _ in COMMENTS:
        op.execute(f"comment on {place} is '{before}'")
    renamed(f"alter index {now} rename to {before}" for before, now in INDEXES)
    renamed(f"alter table {table} rename constraint {b} to {a}" for table, a, b in CONSTRAINTS)
    renamed(f"alter table {table} rename column {b} to {a}" for table, a, b in COLUMNS)
    renamed(f"alter table {now} rename to {before}" for before, now in TABLES)
