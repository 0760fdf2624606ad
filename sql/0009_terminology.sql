-- The names of each tenant's code systems and value sets, and a number that rises when one of them changes.

-- A row for each URL that names a CodeSystem or ValueSet which is not deleted, and for each URL that names the value set
-- of all codes of a CodeSystem. Which edition is meant is decided from here, without reading megabytes of codes.
create table passerelle.terminology_name (
  tenant int not null,
  name bigint not null,                     -- 64 bits of 'CodeSystem url', 'ValueSet url' or 'CodeSystem.valueSet url'
  id text collate "C" not null,
  url text not null,                        -- of the CodeSystem or ValueSet
  version text,
  status text,
  last_updated timestamptz(3) not null,
  primary key (tenant, name, id)
);

create table passerelle.terminology_revision (
  tenant int primary key,
  revision bigint not null,
  turn xid8 not null                        -- the transaction that counted last, so that each counts once
);

create function passerelle.terminology_name_of(kind text, url text) returns bigint
language sql immutable parallel safe
as $$ select hashtextextended(kind || ' ' || url, 0) $$;

-- Kept by a trigger, so that no writer can forget it. At the end of the transaction, when it waits for nothing else any
-- more: two that both change terminology and other things then wait in line and not in a circle. And because the second
-- of two waits until the first is committed, who reads a revision reads everything that was counted in it.
create function passerelle.terminology_changed() returns trigger
language plpgsql set search_path = passerelle, pg_temp
as $$
begin
  if tg_op = 'UPDATE' then
    delete from terminology_name
    where tenant = old.tenant and id = old.id and name in (
      terminology_name_of(old.type, old.content->>'url'),
      terminology_name_of('CodeSystem.valueSet', old.content->>'valueSet'));
  end if;
  insert into terminology_name (tenant, name, id, url, version, status, last_updated)
  select new.tenant, name, new.id, new.content->>'url', new.content->>'version', new.content->>'status', new.last_updated
  from unnest(array[
    terminology_name_of(new.type, new.content->>'url'),
    case when new.type = 'CodeSystem' then terminology_name_of('CodeSystem.valueSet', new.content->>'valueSet') end
  ]) as name
  where name is not null and new.content->>'url' is not null
  on conflict do nothing;

  insert into terminology_revision as r (tenant, revision, turn) values (new.tenant, 1, pg_current_xact_id())
  on conflict (tenant) do update set revision = r.revision + 1, turn = excluded.turn where r.turn <> excluded.turn;
  return null;
end $$;

create constraint trigger terminology after insert or update on passerelle.resource
deferrable initially deferred for each row when (new.type in ('CodeSystem', 'ValueSet'))
execute function passerelle.terminology_changed();

call passerelle.isolate('passerelle.terminology_name', 'select, insert, delete');
call passerelle.isolate('passerelle.terminology_revision', 'select, insert, update');

-- What is there already. Row-level security binds the owner too, so one tenant after the other.
do $$
declare tenant_id int;
begin
  set constraints passerelle.terminology immediate;
  for tenant_id in select id from passerelle.tenant loop
    perform set_config('passerelle.tenant', tenant_id::text, true);
    update passerelle.resource set version = version
    where tenant = tenant_id and type in ('CodeSystem', 'ValueSet') and not deleted;
  end loop;
  perform set_config('passerelle.tenant', '', true);
end $$;
