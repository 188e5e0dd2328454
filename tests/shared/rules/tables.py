"""Tables as rules read them, without what only services need."""

TABLES = """
create table organizations (workspace_id uuid, id uuid, external_id text, name text, domain text,
  created_at timestamptz, updated_at timestamptz, traits jsonb, deleted_at timestamptz);
create table accounts (workspace_id uuid, id uuid, external_id text, name text, domain text,
  organization_id uuid, arr bigint, currency text, lifecycle_status text,
  lifecycle_status_since timestamptz, time_zone text, country text,
  created_at timestamptz, updated_at timestamptz, traits jsonb, deleted_at timestamptz);
create table contacts (workspace_id uuid, id uuid, external_id text, name text, first_name text,
  last_name text, email text, phone text, title text, time_zone text, email_status text,
  deactivated_at timestamptz,
  created_at timestamptz, updated_at timestamptz, traits jsonb, deleted_at timestamptz);
create table opportunities (workspace_id uuid, id uuid, external_id text, name text,
  account_id uuid, type text, stage text, is_closed boolean, is_won boolean, close_date date,
  contract_start date, contract_expiration date, arr bigint, currency text, deal_room_url text,
  manually_enter_renewal_sequence boolean, renewal_sequence_status text,
  renewal_sequence_status_at timestamptz,
  created_at timestamptz, updated_at timestamptz, traits jsonb, deleted_at timestamptz);
create table account_contacts (workspace_id uuid, account_id uuid, contact_id uuid,
  plan_roles text[]);
create table key_role_assignments (workspace_id uuid, account_id uuid, key_role_key text,
  member_id uuid, valid_from timestamptz, valid_to timestamptz);
create table segment_members (workspace_id uuid, segment_id uuid, record_id uuid,
  entered_at timestamptz, left_at timestamptz);
create table field_changes (workspace_id uuid, record_type text, record_id uuid, field text,
  valid_from timestamptz);
create table product_event_days (workspace_id uuid, account_id uuid, contact_id uuid, name text,
  day date, count bigint);
create table measured (workspace_id uuid, record_id uuid, measure_id uuid, value numeric(18, 6));
create table standings (workspace_id uuid, record_id uuid, label text, last_seen_at timestamptz,
  ends_on date);
create table record_touches (workspace_id uuid, record_id uuid, last_inbound_at timestamptz,
  last_outbound_at timestamptz, last_meeting_at timestamptz, last_note_at timestamptz);
create table indicator_counts (workspace_id uuid, record_id uuid, risks integer,
  opportunities integer);
create table product_event_values (workspace_id uuid, account_id uuid, contact_id uuid, name text,
  day date, count bigint, properties jsonb);
"""
