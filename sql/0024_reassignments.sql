-- Records that were merged, renumbered or moved: what was done, so that it can be undone, and where they are now.

create table passerelle.reassignment (
  tenant int not null,
  id uuid not null,
  does text collate "C" not null check (does in ('merge', 'change', 'move')),
  type text collate "C" not null,           -- of the two records
  from_id text collate "C" not null,
  into_id text collate "C" not null,
  what text collate "C",                    -- Type/id of what was moved
  done_at timestamptz(3) not null,
  source text collate "C" not null,         -- of the message: urn:passerelle:channel#MSH-10
  moved int not null default 0,             -- resources whose references were rewritten
  undo jsonb not null default '{}',         -- what the two records themselves were like: src/store/reassign/undo.ts
  undone_at timestamptz(3),
  undone_by text collate "C",
  primary key (tenant, id)
);
call passerelle.isolate('passerelle.reassignment', 'select, insert, update');

-- Which version each moved resource got, and which it had. Undone is what still is at that version.
create table passerelle.reassigned (
  tenant int not null,
  rid bigint not null,
  version int not null,
  former int not null,
  reassignment uuid not null,
  primary key (tenant, rid, version)
);
create index reassigned_by on passerelle.reassigned (reassignment, rid); -- ids are unique over all tenants
call passerelle.isolate('passerelle.reassigned', 'select, insert, update, delete');
alter policy tenant on passerelle.reassigned using (tenant + 0 = passerelle.current_tenant());

-- What messages still call by a number that is no longer in force. A chain A → B → C is two rows.
create table passerelle.redirect (
  tenant int not null,
  type text collate "C" not null,
  id text collate "C" not null,
  into_id text collate "C" not null,
  reassignment uuid not null,
  primary key (tenant, type, id)
);
call passerelle.isolate('passerelle.redirect', 'select, insert, delete');
