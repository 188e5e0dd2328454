"""Changes are claimed in the order of the index, whatever the planner knows of the queue."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A queue looks empty whenever it is analyzed. For the few rows that are expected then, a bitmap
    # and a sort seem cheapest, which read all that wait and all that were deleted since the last
    # vacuum. Both are forbidden here and nowhere else.
    op.execute(
        """
        create function claim_changes(
            of_workspace uuid, after_id bigint, mark text, at_most integer
        ) returns setof change_queue
        language plpgsql
        set search_path from current
        set enable_bitmapscan = off
        set enable_seqscan = off
        set enable_sort = off
        as $$
        begin
            return query
            delete from change_queue
            where workspace_id = of_workspace and id in (
                select q.id from change_queue q
                where q.workspace_id = of_workspace and q.id > after_id
                  and (mark is null or mark = any(q.what))
                order by q.id limit at_most)
            returning *;
        end
        $$
        """
    )


def downgrade() -> None:
    op.execute("drop function claim_changes")
