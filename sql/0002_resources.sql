-- FHIR resources: current versions, superseded versions, and the search index.

-- Resources are numbered in blocks of 1000 that each process takes, so that a number costs no round trip.
-- The numbers rise with time, so new index entries land beside each other.
create sequence passerelle.resource_number increment by 1000;
grant usage on sequence passerelle.resource_number to passerelle_app;

create table passerelle.resource (
  tenant int not null,
  rid bigint not null,                      -- stable for the life of the resource, deletion and return included
  type text collate "C" not null,
  id text collate "C" not null,
  version int not null check (version > 0),
  last_updated timestamptz(3) not null,
  deleted boolean not null default false,
  patients text[] collate "C" not null default '{}', -- ids of the Patients in whose compartment it is
  content jsonb,                            -- the resource without resourceType (the column type has it); null when deleted
  primary key (tenant, type, id),
  check (deleted = (content is null))
);
create unique index resource_rid on passerelle.resource (tenant, rid);
create index resource_last_updated on passerelle.resource (tenant, type, last_updated, rid);
call passerelle.isolate('passerelle.resource', 'select, insert, update');

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
  param bigint not null,                    -- 64 bits of (type, parameter)
  value text collate "C" not null,
  primary key (tenant, hash)
);
create index token_value_order on passerelle.token_value (tenant, param, value, hash);
call passerelle.isolate('passerelle.token_value', 'select, insert');

-- Strings, without case and accents; what was written is kept only where it differs.
create table passerelle.string_value (
  tenant int not null,
  param bigint not null,
  value text collate "C" not null,
  rid bigint not null,
  exact text collate "C",
  primary key (tenant, param, value, rid)
);
create index string_value_rid on passerelle.string_value (tenant, param, rid, value);
call passerelle.isolate('passerelle.string_value', 'select, insert, delete');

-- Dates as the interval [lo, hi) that they cover; an open end is infinite.
create table passerelle.date_value (
  tenant int not null,
  param bigint not null,
  lo timestamptz(3) not null,
  hi timestamptz(3) not null,
  rid bigint not null,
  primary key (tenant, param, lo, hi, rid)
);
create index date_value_rid on passerelle.date_value (tenant, param, rid, lo, hi);
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
create function passerelle.assert_absent(found boolean) returns boolean
language plpgsql
as $$
begin
  if found then
    raise exception 'criteria matched' using errcode = 'PA002';
  end if;
  return true;
end $$;
