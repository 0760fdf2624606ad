-- The ground: the application role, the tenants, and what isolates one tenant's rows from another's.

create schema if not exists passerelle;

-- Connections run as this role (-c role=passerelle_app). It owns nothing, so row-level security always binds it,
-- and it can neither change a table nor switch the policies off. Roles belong to the whole server, hence "if not exists".
do $$
begin
  if not exists (select from pg_roles where rolname = 'passerelle_app') then
    create role passerelle_app nologin noinherit;
  end if;
exception when duplicate_object or unique_violation then null; -- another database of this server made it just now
end $$;
do $$ begin execute format('grant passerelle_app to %I', current_user); end $$;

grant usage on schema passerelle to passerelle_app;

-- Not under row-level security: a tenant is looked up by its key before anything is known.
create table passerelle.tenant (
  id int generated always as identity primary key,
  key text collate "C" not null unique check (key ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  name text not null,
  timezone text not null default 'Europe/Paris',
  created_at timestamptz not null default now()
);
grant select, insert on passerelle.tenant to passerelle_app;

-- The tenant that this connection is bound to; null (no row is visible) when nobody bound it.
-- Plain SQL and stable, so that the planner inlines it and uses it as an index condition.
create function passerelle.current_tenant() returns int
language sql stable parallel safe
as $$ select nullif(current_setting('passerelle.tenant', true), '')::int $$;

-- Puts a table under forced row-level security and grants rights on it, in one word, so that no table forgets half of it.
create procedure passerelle.isolate(target regclass, rights text)
language plpgsql
as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format(
    'create policy tenant on %s using (tenant = passerelle.current_tenant()) with check (tenant = passerelle.current_tenant())',
    target);
  execute format('grant %s on %s to passerelle_app', rights, target);
end $$;
