-- Counts who wrote the times of a resource, so that of two messages at the same moment the second looks again.
alter table passerelle.source_time add column version int not null default 1;
