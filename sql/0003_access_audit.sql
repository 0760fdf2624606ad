-- Who may come in (clients, the keys that sign their tokens) and what they did (the audit trail).

-- Row-level security is forced on the owner too. The security definer functions below run as the owner and look
-- across tenants, so the owner gets a reading policy of its own; passerelle_app is not a member of the owner.

create table passerelle.client (
  tenant int not null,
  id text collate "C" not null check (id ~ '^[A-Za-z0-9._~:/@-]{1,128}$'),
  name text not null,
  secret text collate "C" not null,         -- a hash: see src/access/secret.ts
  scopes text[] collate "C" not null,       -- SMART v2 scopes, the most that a token may carry
  roles text[] collate "C" not null default '{}',
  generation int not null default 1,        -- a token carries it; rotation raises it, which refuses the older tokens
  created_at timestamptz(3) not null default now(),
  rotated_at timestamptz(3),
  revoked_at timestamptz(3),
  primary key (tenant, id)
);
call passerelle.isolate('passerelle.client', 'select, insert, update');

-- A token request names a client and no tenant, so a client id is unique over all tenants. No grants: only the two
-- functions read and write it.
create table passerelle.client_directory (
  client text collate "C" primary key,
  owner int not null references passerelle.tenant (id)
);

create function passerelle.tenant_of_client(wanted text) returns int
language sql stable security definer set search_path = passerelle, pg_temp
as $$ select owner from client_directory where client = wanted $$;

-- Raises unique_violation when any tenant has the id already.
create function passerelle.claim_client_id(wanted text) returns void
language sql security definer set search_path = passerelle, pg_temp
as $$ insert into client_directory (client, owner) values (wanted, current_tenant()) $$;

-- The keys of the installation. The newest one signs; the others verify until they are retired.
create table passerelle.signing_key (
  kid text collate "C" primary key,
  public_key jsonb not null,                -- JWK with alg and use
  private_key bytea not null,               -- PKCS #8 under AES-256-GCM with a key that the database never sees
  created_at timestamptz(3) not null default now(),
  retired_at timestamptz(3)
);

create function passerelle.signing_keys() returns setof passerelle.signing_key
language sql stable security definer set search_path = passerelle, pg_temp
as $$ select * from signing_key where retired_at is null order by created_at desc, kid $$;

-- Adds a key when there is none yet, or when the newest is the one to be replaced. Several processes may start at
-- once: the first one's key stays.
create function passerelle.offer_signing_key(kid text, public_key jsonb, private_key bytea, replaces text)
returns boolean
language plpgsql security definer set search_path = passerelle, pg_temp
as $$
declare newest text;
begin
  lock table signing_key in exclusive mode;
  select k.kid into newest from signing_key k where k.retired_at is null order by k.created_at desc, k.kid limit 1;
  if newest is distinct from replaces then return false; end if;
  insert into signing_key (kid, public_key, private_key, created_at) values ($1, $2, $3, clock_timestamp());
  return true;
end $$;

-- The audit trail: one narrow row an access, of which the FHIR AuditEvent is a projection. Only ever inserted.
-- An id is (epoch milliseconds << 20 | a running number), so ids are in the order of time and a month is a range of ids.
create sequence passerelle.audit_number;
grant usage on sequence passerelle.audit_number to passerelle_app;

create table passerelle.audit (
  tenant int not null,
  outcome smallint not null,                -- 0, 4, 8, 12
  action "char" not null,                   -- C R U D E
  id bigint not null,
  turn bigint not null,                     -- the transaction that wrote it, see audit_clock
  kind text collate "C" not null,
  interaction text collate "C" not null,
  agent_kind text collate "C" not null,
  agent text collate "C" not null,
  address text collate "C",
  entities text collate "C" not null,       -- 'Patient/1 Observation/2/_history/3': ids hold no spaces
  patients text collate "C" not null,       -- ids of Patients
  query text collate "C",
  detail jsonb,
  content jsonb,                            -- an AuditEvent that a client sent, without resourceType; null: one of ours
  primary key (tenant, id)
) partition by range (id);
-- For sealing. The rows of one insert share their turn, so that entries are deduplicated: about 15 bytes each. Of
-- (tenant # 0), which is the tenant, so that only what asks for just that is planned over it: with (tenant, turn) the
-- planner, which knows nothing of a new month's partition yet, walked over all rows of the tenant here to find one by
-- (tenant, id). The policy compares tenant + 0, which no index has: with the tenant itself the key was walked to find a
-- turn, and sealing took 40 % of a core at 3,000 reads/s (docs/decisions/0001).
create index audit_turn on passerelle.audit ((tenant # 0), turn);
call passerelle.isolate('passerelle.audit', 'select, insert');
alter policy tenant on passerelle.audit using (tenant + 0 = passerelle.current_tenant());
create policy owner_reads on passerelle.audit for select to current_user using (true);

-- What an audit row is found by: 64 bits of an agent, an entity or patient, a rare outcome, type or subtype.
-- One token is one index range in the order of time; an AND probes (hash, id).
create table passerelle.audit_token (
  tenant int not null,
  hash bigint not null,
  id bigint not null,
  primary key (tenant, hash, id)
) partition by range (id);
call passerelle.isolate('passerelle.audit_token', 'select, insert');

-- So that nothing is ever refused for its date: what no month covers (a client's AuditEvent of last year).
create table passerelle.audit_other partition of passerelle.audit default;
create table passerelle.audit_token_other partition of passerelle.audit_token default;

-- A turn is the number of the writing transaction. A dump that is restored into another server finds lower
-- transaction numbers there; the shift keeps the turns rising.
create table passerelle.audit_clock (
  only_row boolean primary key default true check (only_row),
  shift bigint not null
);
insert into passerelle.audit_clock (shift) values (0);
grant select on passerelle.audit_clock to passerelle_app;

-- Seals: block n covers the rows with from_turn <= turn < to_turn, where every such transaction had ended.
create table passerelle.audit_block (
  tenant int not null,
  number bigint not null,
  from_turn bigint not null,
  to_turn bigint not null,
  rows bigint not null,
  digest bytea not null,                    -- passerelle.audit_digest of the rows
  seal bytea not null,                      -- HMAC over all of this and the seal before, see src/audit/seal.ts
  sealed_at timestamptz(3) not null,
  primary key (tenant, number)
);
call passerelle.isolate('passerelle.audit_block', 'select, insert');
create policy owner_reads on passerelle.audit_block for select to current_user using (true);

-- SHA-256 over the SHA-256 of each row's text. Runs with the caller's rights: only the bound tenant's rows.
-- The columns are named one by one: a column that is added later must not change the digest of old rows.
create function passerelle.audit_digest(from_turn bigint, to_turn bigint, out rows bigint, out digest bytea)
language sql stable
as $$
  select count(*), sha256(coalesce(string_agg(
    sha256(convert_to(row(
      a.tenant, a.id, a.turn, a.outcome, a.action, a.kind, a.interaction, a.agent_kind, a.agent, a.address,
      a.entities, a.patients, a.query, a.detail, a.content)::text, 'UTF8')),
    ''::bytea order by a.turn, a.id), ''::bytea))
  from passerelle.audit a
  where a.tenant # 0 = passerelle.current_tenant() and a.turn >= $1 and a.turn < $2
$$;

-- The tenants that have rows behind their last seal. Two index probes a tenant.
create function passerelle.audit_unsealed() returns setof int
language sql stable security definer set search_path = passerelle, pg_temp
as $$
  select t.id from tenant t
  where exists (
    select from audit a
    where a.tenant # 0 = t.id
      and a.turn >= coalesce((select b.to_turn from audit_block b where b.tenant = t.id order by b.number desc limit 1), 0))
$$;

create function passerelle.audit_id(moment timestamptz) returns bigint
language sql immutable
as $$ select floor(extract(epoch from moment) * 1000)::bigint << 20 $$;

-- Makes the partitions of this month and the next ones. A month that already has rows in the default partition (the
-- program was off when it should have been made) takes them over.
create function passerelle.audit_months(ahead int) returns void
language plpgsql security definer set search_path = passerelle, pg_temp
as $$
declare
  first timestamptz; month text; lo bigint; hi bigint; parent text;
begin
  perform pg_advisory_xact_lock(hashtextextended('passerelle.audit_months', 0));
  for step in 0..ahead loop
    first := date_trunc('month', now() at time zone 'UTC') at time zone 'UTC';
    first := (first at time zone 'UTC' + make_interval(months => step)) at time zone 'UTC';
    month := to_char(first at time zone 'UTC', '_YYYY_MM');
    lo := audit_id(first);
    hi := audit_id((first at time zone 'UTC' + interval '1 month') at time zone 'UTC');
    foreach parent in array array['audit', 'audit_token'] loop
      continue when to_regclass('passerelle.' || parent || month) is not null;
      execute format('create table %I (like %I including all)', parent || month, parent);
      execute format('lock table %I in access exclusive mode', parent || '_other');
      execute format(
        'with moved as (delete from %I where id >= %s and id < %s returning *) insert into %I select * from moved',
        parent || '_other', lo, hi, parent || month);
      execute format('alter table %I attach partition %I for values from (%s) to (%s)', parent, parent || month, lo, hi);
    end loop;
  end loop;
end $$;

-- After a restore into another server: makes turns go on above the highest one that is stored.
create function passerelle.audit_continue() returns void
language plpgsql security definer set search_path = passerelle, pg_temp
as $$
declare highest bigint; current bigint;
begin
  select max(greatest(
      (select max(a.turn) from audit a where a.tenant # 0 = t.id),
      (select b.to_turn - 1 from audit_block b where b.tenant = t.id order by b.number desc limit 1)))
    into highest from tenant t;
  select pg_current_xact_id()::text::bigint + shift into current from audit_clock for update;
  if highest >= current then
    update audit_clock set shift = shift + highest - current + 1;
  end if;
end $$;

revoke execute on function
  passerelle.tenant_of_client, passerelle.claim_client_id, passerelle.signing_keys, passerelle.offer_signing_key,
  passerelle.audit_unsealed, passerelle.audit_months, passerelle.audit_continue from public;
grant execute on function
  passerelle.tenant_of_client, passerelle.claim_client_id, passerelle.signing_keys, passerelle.offer_signing_key,
  passerelle.audit_unsealed, passerelle.audit_months, passerelle.audit_continue to passerelle_app;
