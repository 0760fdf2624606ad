-- Requests that are answered later (FHIR's asynchronous pattern): what was asked, and the answer until it is fetched.
-- Patient data of both lies here alone: the queue carries ids.

create table passerelle.async_request (
  tenant int not null,
  id uuid not null,
  client text collate "C" not null,         -- only who asked may look at it
  created_at timestamptz(3) not null default now(),
  request jsonb not null,                   -- method, path, query, caller: see src/http/fhir/async/request.ts
  body text,
  attempts int not null default 0,
  lease_until timestamptz(3),               -- a run that works renews it; null: nobody has begun
  once boolean not null default false,      -- has done what can't be undone: must not be run again
  noted text,                               -- what a run wrote down in the transaction of its writes
  progress text,
  finished_at timestamptz(3),
  expires_at timestamptz(3),
  answer jsonb,                             -- status and headers
  answer_body text,
  primary key (tenant, id)
);
call passerelle.isolate('passerelle.async_request', 'select, insert, update, delete');

-- Raises when the request was cancelled by now: the writes of the same transaction are undone.
create function passerelle.assert_wanted(wanted bigint) returns boolean
language plpgsql
as $$
begin
  if wanted = 0 then
    raise exception 'cancelled' using errcode = 'PA003';
  end if;
  return true;
end $$;
