-- A message about several patients is in the lanes of all of them.

alter table passerelle.message add column other_lanes bigint[];
alter table passerelle.message_turn add column other_lanes bigint[]; -- where the message's other rows are

-- The owner is bound by row-level security too. Of the journal only what is still to do is asked for its lanes.
alter table passerelle.message no force row level security;
alter table passerelle.message_turn no force row level security;
update passerelle.message_turn set other_lanes = array[other_lane] where other_lane is not null;
update passerelle.message m set other_lanes = array[m.other_lane]
from passerelle.message_turn t
where m.tenant = t.tenant and m.id = t.message and m.other_lane is not null;
alter table passerelle.message force row level security;
alter table passerelle.message_turn force row level security;

alter table passerelle.message drop column other_lane;
alter table passerelle.message_turn drop column other_lane;
