-- A number for each tenant that rises when one of its ConceptMaps or NamingSystems changes: what messages are read with
-- stays in memory as long as it is the same.

create table passerelle.dictionary_revision (
  tenant int primary key,
  revision bigint not null,
  turn xid8 not null                        -- the transaction that counted last, so that each counts once
);
call passerelle.isolate('passerelle.dictionary_revision', 'select, insert, update');

-- By a trigger, so that no writer can forget it, and at the end of the transaction, as in 0009_terminology.sql.
create function passerelle.dictionary_changed() returns trigger
language plpgsql set search_path = passerelle, pg_temp
as $$
begin
  insert into dictionary_revision as r (tenant, revision, turn) values (new.tenant, 1, pg_current_xact_id())
  on conflict (tenant) do update set revision = r.revision + 1, turn = excluded.turn where r.turn <> excluded.turn;
  return null;
end $$;

create constraint trigger dictionary after insert or update on passerelle.resource
deferrable initially deferred for each row when (new.type in ('ConceptMap', 'NamingSystem'))
execute function passerelle.dictionary_changed();

-- What is there already. Row-level security binds the owner too, so one tenant after the other.
do $$
declare tenant_id int;
begin
  for tenant_id in select id from passerelle.tenant loop
    perform set_config('passerelle.tenant', tenant_id::text, true);
    insert into passerelle.dictionary_revision (tenant, revision, turn)
    select tenant_id, 1, pg_current_xact_id()
    where exists (
      select from passerelle.resource
      where tenant = tenant_id and type in ('ConceptMap', 'NamingSystem') and not deleted);
  end loop;
  perform set_config('passerelle.tenant', '', true);
end $$;
