-- When what messages say of a resource happened, so that an older message never takes the place of a newer one.
create table passerelle.source_time (
  tenant int not null,
  type text collate "C" not null,
  id text collate "C" not null,
  at bigint not null,                       -- of the newest that spoke of it, epoch milliseconds
  said jsonb not null,                      -- what else is known of it: src/channels/time-order.ts
  primary key (tenant, type, id)
) with (fillfactor = 80);
call passerelle.isolate('passerelle.source_time', 'select, insert, update');
