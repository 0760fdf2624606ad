-- Passes over the resources of a tenant that bring their index up to date.

create table passerelle.reindex (
  tenant int not null,
  id uuid not null,
  types text[] collate "C" not null,        -- resource types, in alphabetical order
  whole boolean not null,                   -- all of them
  status text collate "C" not null default 'waiting'
    check (status in ('waiting', 'running', 'done', 'failed', 'cancelled')),
  requested_at timestamptz(3) not null default now(),
  started_at timestamptz(3),
  ended_at timestamptz(3),
  waits_for xid[],                          -- transactions that must have ended before it begins
  covers bigint[],                          -- search parameters that are indexed, or cleaned away, when it is done
  index_version int,                        -- of the program that began it
  at_type text collate "C" not null default '', -- the last resource that it has looked at
  at_id text collate "C" not null default '',
  total bigint not null default 0,
  seen bigint not null default 0,
  changed bigint not null default 0,
  failed bigint not null default 0,
  failures text[] not null default '{}',    -- the first resources that it could not index, as Type/id
  runner text collate "C",
  leased_until timestamptz(3),              -- so long it is the runner's; then anybody may go on with it
  primary key (tenant, id)
);
create unique index reindex_unfinished on passerelle.reindex (tenant) where status in ('waiting', 'running');
call passerelle.isolate('passerelle.reindex', 'select, insert, update, delete');
create policy owner_reads on passerelle.reindex for select to current_user using (true);

-- Of all tenants: those that nobody works on.
create function passerelle.reindexes_due() returns table (tenant int, id uuid)
language sql stable security definer set search_path = passerelle, pg_temp
as $$
  select r.tenant, r.id from reindex r
  where r.status in ('waiting', 'running') and (r.leased_until is null or r.leased_until < now())
  order by r.requested_at
$$;

-- With references that nothing can be searched by (0019); indexes of before are renewed.
alter table passerelle.tenant alter column index_version set default 4;
