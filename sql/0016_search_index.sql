-- Less to store, and one more order to stream.

-- A token is kept once, under its system and code: what a code alone asks for is found through token_value, whose value
-- is the code first, then the system. References are not sorted by, so they have no meaning here any more.
alter table passerelle.token_value add column system bigint; -- 64 bits of (tenant, type, parameter, system); null: none
create index token_value_system on passerelle.token_value (system, hash) where system is not null;

-- Tokens of a type's leading parameters (its patient, its code) in the order of its clinical date, so that "this patient,
-- newest first" and "this code, newest first" stream. See src/store/leading.ts.
create table passerelle.token_at (
  tenant int not null,
  hash bigint not null,
  at bigint not null,                       -- where the date begins, epoch milliseconds
  rid bigint not null,
  primary key (tenant, hash, at, rid)
);
call passerelle.isolate('passerelle.token_at', 'select, insert, delete');
alter policy tenant on passerelle.token_at using (tenant + 0 = passerelle.current_tenant());

-- What the shorter rows were made from: see $reindex.
truncate passerelle.token_value;
