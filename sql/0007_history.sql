-- History of a type and of the system: what made each version, and all versions in the order of time.

-- C create (POST), P update (PUT), A patch, D delete. Null: from before it was kept.
alter table passerelle.resource add column method "char";

alter table passerelle.resource_history
  add column method "char",
  add column type text collate "C",
  add column superseded_at timestamptz(3);     -- when the next version came: what was current at a moment

alter table passerelle.resource no force row level security;
alter table passerelle.resource_history no force row level security;
update passerelle.resource_history h set type = v.type, superseded_at = v.next
from (
  select a.rid, a.version, r.type, lead(a.last_updated) over (partition by a.rid order by a.version) as next
  from (
    select rid, version, last_updated from passerelle.resource_history
    union all
    select rid, version, last_updated from passerelle.resource
  ) a join passerelle.resource r on r.rid = a.rid
) v
where h.rid = v.rid and h.version = v.version;
alter table passerelle.resource force row level security;
alter table passerelle.resource_history force row level security;

-- What a type of a tenant is listed by, in the order of time. A column and not an expression: under row-level security
-- only operators that can't leak are looked up in an index, and `||` is none of them, so that the index on
-- (type || ':' || tenant) was never used and every listing read the whole table. One of 64 bits, so that
-- no key begins with the columns of another (docs/decisions/0001); two types of a tenant never meet in practice, and
-- another tenant's rows are kept away as everywhere.
alter table passerelle.resource
  add column listing bigint not null generated always as (hashtextextended(type, tenant)) stored;
alter table passerelle.resource_history
  alter column type set not null,
  alter column superseded_at set not null,
  add column listing bigint not null generated always as (hashtextextended(type, tenant)) stored;

drop index passerelle.resource_last_updated;
create index resource_last_updated on passerelle.resource (listing, last_updated, rid);
-- Read beside it: the superseded versions.
create index resource_history_last_updated on passerelle.resource_history (listing, last_updated, rid, version);
alter policy tenant on passerelle.resource_history using (tenant + 0 = passerelle.current_tenant());
