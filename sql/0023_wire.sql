-- What the wire brings beside whole messages: batches, frames that were too long or broke off, and messages that end
-- the process which handles them.

alter table passerelle.message
  add column batch text collate "C",        -- control id of the batch (or file) that it came in
  add column batch_position int,            -- its place there, from 1; 0 is the envelope
  add column full_size bigint;              -- bytes that came, where raw is only their beginning

-- What an operator looks for among millions: an index on message.state would make each message's update touch it.
create table passerelle.message_refused (
  tenant int not null,
  channel text collate "C" not null,
  message bigint not null,
  primary key (tenant, channel, message)
);
call passerelle.isolate('passerelle.message_refused', 'select, insert');

-- The owner is bound by row-level security too, so it is lifted for those that were refused before.
alter table passerelle.message no force row level security;
alter table passerelle.message_refused no force row level security;
insert into passerelle.message_refused (tenant, channel, message)
select tenant, channel, id from passerelle.message where state = 'refused';
alter table passerelle.message force row level security;
alter table passerelle.message_refused force row level security;

-- How often a worker began a message that an earlier worker may have died of: src/channels/begun.ts.
alter table passerelle.message_turn add column begun int not null default 0;
