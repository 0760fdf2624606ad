-- What the ids of a tenant's resources are made of, for each identifier system that made some: the URI that its authority
-- had first. An authority that is registered later, or otherwise, goes on making the same ids.
create table passerelle.id_system (
  tenant int not null,
  system text collate "C" not null,
  made text collate "C" not null,
  primary key (tenant, system)
);
call passerelle.isolate('passerelle.id_system', 'select, insert');

-- What messages are read with is read anew: 0025_dictionary.sql.
create constraint trigger dictionary after insert on passerelle.id_system
deferrable initially deferred for each row execute function passerelle.dictionary_changed();
