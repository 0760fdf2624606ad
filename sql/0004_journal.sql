-- The journal: every message that came in, byte for byte, before it is acknowledged. It is the truth about what is
-- still to do; the queue only carries wake-up calls.

-- What turns an ordering key (a patient's identifier) into a lane number that tells nothing: see src/channels/lane.ts.
create table passerelle.lane_secret (
  tenant int primary key,
  secret uuid not null default gen_random_uuid()
);
call passerelle.isolate('passerelle.lane_secret', 'select, insert');

-- The order of arrival.
create sequence passerelle.message_number;
grant usage on sequence passerelle.message_number to passerelle_app;

-- No index but the key: with a second one that begins with the tenant, a plan that was made on the empty table may take
-- the wrong one and read the whole journal for each message. What is looked up otherwise has tables of its own below.
create table passerelle.message (
  tenant int not null,
  id bigint not null,
  channel text collate "C" not null,
  received_at timestamptz(3) not null,
  peer text collate "C" not null,
  raw bytea not null,
  sha256 bytea not null,
  collides boolean not null default false,  -- an earlier message has the same sender and control id and other bytes

  sending_application text collate "C",     -- MSH-3, -4, -5, -6, -9, -10, -12, cut at 200 characters
  sending_facility text collate "C",
  receiving_application text collate "C",
  receiving_facility text collate "C",
  type text collate "C",
  control_id text collate "C",
  version text collate "C",
  patient text collate "C",                 -- first PID-3 with its authority, first PV1-19, ORC-2 and ORC-3
  visit text collate "C",
  placer_order text collate "C",
  filler_order text collate "C",

  lane bigint not null,
  other_lane bigint,
  state text collate "C" not null check (state in
    ('received',                            -- to do
     'held',                                -- failed for good: its lane waits for an operator
     'done', 'filtered', 'skipped',         -- finished: written, not wanted, set aside by an operator
     'refused')),                           -- answered with a NAK, never handled
  attempts int not null default 0,
  last_error text collate "C",              -- code of the Failure, never its text; why it was filtered
  warnings int not null default 0,
  result text[] collate "C" not null default '{}', -- what it wrote: Type/id/_history/version
  finished_at timestamptz(3),
  ack bytea,                                -- what the sender was answered; a resend gets the same bytes
  primary key (tenant, id)
) with (fillfactor = 80);                   -- room for the one update that each message gets, so that no index is touched
call passerelle.isolate('passerelle.message', 'select, insert, update');

-- Resends: the same identity with the same bytes. The first two columns also find a control id that is used again.
create table passerelle.message_identity (
  tenant int not null,
  identity uuid not null,                   -- 128 bits of (channel, MSH-3, MSH-4, MSH-10)
  sha256 bytea not null,
  message bigint not null,
  primary key (tenant, identity, sha256)
);
call passerelle.isolate('passerelle.message_identity', 'select, insert');

-- The lanes: what is still to do. Messages of one lane are handled one after the other, oldest first; the head of a lane
-- is its first row here. A row goes when its message is finished, so the table stays small. A merge touches two patients
-- and has a row in both lanes.
create table passerelle.message_turn (
  tenant int not null,
  lane bigint not null,                     -- 64 bits of (channel, ordering key), keyed with lane_secret
  message bigint not null,
  channel text collate "C" not null,
  received_at timestamptz(3) not null,
  other_lane bigint,                        -- where the message's other row is
  attempts int not null default 0,
  retry_at timestamptz(3),
  held boolean not null default false,
  primary key (tenant, lane, message)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
call passerelle.isolate('passerelle.message_turn', 'select, insert, update, delete');

-- Raises when a worker wants to finish a message that somebody else finished, or whose turn it is not: its whole
-- transaction is undone. An error and not a count, so that the worker needn't wait for the answer before COMMIT.
create function passerelle.assert_turn(turns bigint, expected bigint) returns boolean
language plpgsql
as $$
begin
  if turns <> expected then
    raise exception 'not the head of its lane' using errcode = 'PA003';
  end if;
  return true;
end $$;

-- What is to be sent, one row a message and destination. Filled in the transaction that finishes the message.
create table passerelle.delivery (
  tenant int not null,
  id bigint generated always as identity,
  message bigint not null,
  destination text collate "C" not null,
  lane bigint not null,
  created_at timestamptz(3) not null default now(),
  state text collate "C" not null default 'queued' check (state in ('queued', 'held', 'sent', 'skipped')),
  attempts int not null default 0,
  retry_at timestamptz(3),
  last_error text collate "C",
  finished_at timestamptz(3),
  primary key (tenant, id)
);
create unique index delivery_once on passerelle.delivery (tenant, message, destination);
create index delivery_lane on passerelle.delivery (tenant, destination, lane, id) where state in ('queued', 'held');
call passerelle.isolate('passerelle.delivery', 'select, insert, update');

-- BullMQ keeps its tables in a schema of its own and migrates them itself, as the owner. The program uses them as
-- passerelle_app: what BullMQ creates there from now on is that role's to use, and it may add the sequences of new queues.
create schema if not exists bullmq;
grant usage, create on schema bullmq to passerelle_app;
alter default privileges in schema bullmq grant select, insert, update, delete on tables to passerelle_app;
alter default privileges in schema bullmq grant usage, select, update on sequences to passerelle_app;
alter default privileges in schema bullmq grant execute on functions to passerelle_app;
