-- Messages are compressed as they are stored. LZ4 takes a fifth of the time that PostgreSQL's own method takes; where the
-- server was built without it, that one stays.
do $$ begin
  alter table passerelle.message alter column raw set compression lz4;
exception when feature_not_supported then null;
end $$;
