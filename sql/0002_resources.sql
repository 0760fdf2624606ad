-- FHIR resources: current versions, superseded versions, and the search index.

-- Resources are numbered in blocks of 1000 that each process takes, so that a number costs no round trip.
-- The numbers rise with time, so new index entries land beside each other.
create sequence passerelle.resource_number increment by 1000;
grant usage on sequence passerelle.resource_number to passerelle_app;

-- One access path, one index that can serve it. The planner estimates nothing here that could go wrong: a tenant or a
-- type that its statistics have never seen looks empty to it, and then every index that matches at all looks as good as
-- the right one. So a second index on a table never begins with the columns of the first, and the policies compare
-- tenant + 0, which is a filter and never an index condition.

create table passerelle.resource (
  tenant int not null,
  rid bigint not null,                      -- stable for the life of the resource, deletion and return included
  type text collate "C" not null,
  id text collate "C" not null,
  version int not null check (version > 0),
  last_updated timestamptz(3) not null,
  deleted boolean not null default false,
  patients text[] collate "C" not null default '{}', -- ids of the Patients in whose compartment it is
  dates bigint[] not null default '{}',     -- (parameter, from, to) … : from and to in epoch milliseconds, to exclusive
  strings text[] collate "C" not null default '{}', -- (parameter, normalised, as written) …
  content jsonb,                            -- the resource without resourceType (the column type has it); null when deleted
  primary key (tenant, type, id),
  check (deleted = (content is null))
);
create index resource_rid on passerelle.resource (rid); -- numbers are unique over all tenants
create index resource_last_updated on passerelle.resource ((type || ':' || tenant::text), last_updated, rid);
call passerelle.isolate('passerelle.resource', 'select, insert, update');
alter policy tenant on passerelle.resource using (tenant + 0 = passerelle.current_tenant());

-- Superseded versions: each version of a resource is stored once, here or above.
create table passerelle.resource_history (
  tenant int not null,
  rid bigint not null,
  version int not null,
  last_updated timestamptz(3) not null,
  deleted boolean not null,
  content jsonb,
  primary key (tenant, rid, version)
);
call passerelle.isolate('passerelle.resource_history', 'select, insert');

-- Tokens, references and uris: 64 bits of (type, parameter, value), in the order of the resources' numbers.
-- One equality is one index range that streams newest first; an AND probes (hash, rid).
create table passerelle.token (
  tenant int not null,
  hash bigint not null,
  rid bigint not null,
  primary key (tenant, hash, rid)
);
call passerelle.isolate('passerelle.token', 'select, insert, delete');

-- What a hash stands for, once for each distinct value: the order of a sort by token, reference or uri.
create table passerelle.token_value (
  tenant int not null,
  hash bigint not null,
  param bigint not null,                    -- 64 bits of (tenant, type, parameter)
  value text collate "C" not null,
  primary key (tenant, hash)
);
create index token_value_order on passerelle.token_value (param, value, hash);
call passerelle.isolate('passerelle.token_value', 'select, insert');
alter policy tenant on passerelle.token_value using (tenant + 0 = passerelle.current_tenant());

-- Where a search or an order begins with a string or a date. Whether one resource meets a string or a date is read off
-- its row (resource.strings, resource.dates), so these need no index by resource.
create table passerelle.string_value (
  tenant int not null,
  param bigint not null,                    -- 64 bits of (type, parameter)
  value text collate "C" not null,          -- without case and accents
  rid bigint not null,
  primary key (tenant, param, value, rid)
);
call passerelle.isolate('passerelle.string_value', 'select, insert, delete');

create table passerelle.date_value (
  tenant int not null,
  param bigint not null,
  lo bigint not null,
  hi bigint not null,
  rid bigint not null,
  primary key (tenant, param, lo, hi, rid)
);
call passerelle.isolate('passerelle.date_value', 'select, insert, delete');

-- Raises when a write did not meet the versions it was made for: the whole statement is undone and the caller tries again.
create function passerelle.assert_written(expected bigint, written bigint) returns boolean
language plpgsql
as $$
begin
  if expected <> written then
    raise exception 'write conflict' using errcode = 'PA001';
  end if;
  return true;
end $$;

-- Raises when a criterion that had to match nothing matches something by now.
create function passerelle.assert_absent(matched boolean) returns boolean
language plpgsql
as $$
begin
  if matched then
    raise exception 'criteria matched' using errcode = 'PA002';
  end if;
  return true;
end $$;
