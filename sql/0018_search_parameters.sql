-- Search parameters of the tenants' own, and what of them the index has.

-- Rises with every change of what a tenant can search by. A write says which revision it was indexed for
-- (assert_indexed_for), so no process can go on with search parameters that are no longer in force.
create table passerelle.search_revision (
  tenant int primary key,
  revision bigint not null
);
call passerelle.isolate('passerelle.search_revision', 'select, insert, update');

create sequence passerelle.search_parameter_number;
grant usage on sequence passerelle.search_parameter_number to passerelle_app;

-- A row for each SearchParameter that is in force, and for each that was until the index is cleaned of it: as long as
-- that isn't done, a write still removes its entries.
create table passerelle.search_parameter (
  tenant int not null,
  number bigint not null default nextval('passerelle.search_parameter_number'), -- another one with each change
  id text collate "C" not null,             -- of the SearchParameter
  definition jsonb not null,
  retired boolean not null default false,
  waits_for xid[],                          -- transactions that may not know of it; null: nobody looked yet
  done text[] collate "C" not null default '{}', -- resource types that are all indexed by it, or when retired, cleaned of it
  primary key (tenant, number)
);
call passerelle.isolate('passerelle.search_parameter', 'select, insert, update, delete');

create procedure passerelle.search_changed(wanted int)
language sql
as $$
  insert into passerelle.search_revision as r (tenant, revision) values (wanted, 1)
  on conflict (tenant) do update set revision = r.revision + 1
$$;

-- What of a SearchParameter matters to a search; null when it isn't in force.
create function passerelle.search_definition(deleted boolean, content jsonb) returns jsonb
language sql immutable parallel safe
as $$
  select case when not deleted and content->>'status' = 'active' then (
    select jsonb_object_agg(key, value) from jsonb_each(content)
    where key in ('url', 'code', 'type', 'base', 'expression', 'target', 'component', 'derivedFrom')
  ) end
$$;

-- Kept by a trigger, so that no writer can forget it; at the end of the transaction, so that all its writes are indexed
-- for the revision that it began with.
create function passerelle.search_parameter_changed() returns trigger
language plpgsql set search_path = passerelle, pg_temp
as $$
declare
  before jsonb := (select definition from search_parameter where tenant = new.tenant and id = new.id and not retired);
  after jsonb := search_definition(new.deleted, new.content);
begin
  if before is not distinct from after then return null; end if;
  update search_parameter set retired = true, number = default, waits_for = null, done = '{}'
  where tenant = new.tenant and id = new.id and not retired;
  if after is not null then
    insert into search_parameter (tenant, id, definition) values (new.tenant, new.id, after);
  end if;
  call search_changed(new.tenant);
  return null;
end $$;

create constraint trigger search_parameter after insert or update on passerelle.resource
deferrable initially deferred for each row when (new.type = 'SearchParameter')
execute function passerelle.search_parameter_changed();

-- Who changes SearchParameters does it one after the other, each knowing what the other did.
create function passerelle.lock_search_parameters(wanted int, known bigint) returns void
language plpgsql set search_path = passerelle, pg_temp
as $$
declare found_revision bigint;
begin
  insert into search_revision as r (tenant, revision) values (wanted, 0)
  on conflict (tenant) do update set revision = r.revision
  returning revision into found_revision;
  if found_revision <> known then raise exception 'search parameters changed' using errcode = 'PA004'; end if;
end $$;

-- Called at the end of a write, when the transaction has its number: then who waits for the transactions that run
-- (running_transactions) after a change was committed has waited for all that did not know of it. Volatile, so that it
-- sees what is committed by now and not when the write began.
create function passerelle.assert_indexed_for(wanted int, known bigint) returns boolean
language plpgsql volatile
as $$
begin
  if coalesce((select revision from passerelle.search_revision where tenant = wanted), 0) <> known then
    raise exception 'search parameters changed' using errcode = 'PA004';
  end if;
  return true;
end $$;

-- Those of this database that write. Each holds a lock on its own number, which everybody can see.
create function passerelle.running_transactions() returns xid[]
language sql volatile
as $$
  select coalesce(array_agg(l.transactionid), '{}')
  from pg_locks l left join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
    and l.pid is distinct from pg_backend_pid() and (a.pid is null or a.datname = current_database())
$$;

-- Which extraction the tenant's index is from: INDEX_VERSION in src/store/index-version.ts. The default is that of the
-- program that this migration came with; a program that indexes otherwise comes with a migration that raises it.
alter table passerelle.tenant add column index_version int not null default 2;
grant update (index_version) on passerelle.tenant to passerelle_app;

-- Whether a tenant has resources that were last written before a migration. One look into resource_last_updated a type.
create function passerelle.has_older_than(wanted int, migration int) returns boolean
language sql stable
as $$
  with recursive t (type) as (
    (select type from passerelle.resource where tenant = wanted order by type limit 1)
    union all
    select (select r.type from passerelle.resource r where r.tenant = wanted and r.type > t.type order by r.type limit 1)
    from t where t.type is not null)
  select exists (select from t cross join lateral (
    select from passerelle.resource r
    where (r.type || ':' || r.tenant::text) = t.type || ':' || wanted
      and r.last_updated < (select applied_at from public.passerelle_migration where number = migration) limit 1) older)
$$;

-- What is there already: indexes from before numbers and quantities came into them (0006), or from before tokens were kept
-- once (0016), and SearchParameters.
do $$
declare tenant_id int;
begin
  for tenant_id in select id from passerelle.tenant loop
    perform set_config('passerelle.tenant', tenant_id::text, true);
    update passerelle.tenant set index_version = case when passerelle.has_older_than(id, 6) then 0 else 1 end
    where id = tenant_id and passerelle.has_older_than(id, 16);
    insert into passerelle.search_parameter (tenant, id, definition)
    select tenant_id, id, passerelle.search_definition(deleted, content) from passerelle.resource
    where tenant = tenant_id and type = 'SearchParameter' and passerelle.search_definition(deleted, content) is not null;
    if found then call passerelle.search_changed(tenant_id); end if;
  end loop;
  perform set_config('passerelle.tenant', '', true);
end $$;
drop function passerelle.has_older_than;
