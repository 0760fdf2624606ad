-- Where the bytes of Binaries are that are too large for their resource: which blob a reference in Binary.data means.
-- A reference is nothing that anybody can guess, and is never told: the bytes are put in its place on the way out.
create table passerelle.binary_blob (
  tenant int not null,
  reference uuid not null,
  digest bytea not null,                    -- SHA-256, the name of the blob
  size bigint not null,
  primary key (tenant, reference)
);
-- The same bytes again get the same reference; and whether anything means a blob.
create index binary_blob_digest on passerelle.binary_blob (digest);
call passerelle.isolate('passerelle.binary_blob', 'select, insert');
create policy owner_reads on passerelle.binary_blob for select to current_user using (true);

-- Of these digests those that some tenant has a Binary of. One index probe each.
create function passerelle.binary_digests_in_use(digests bytea[]) returns setof bytea
language sql stable security definer set search_path = passerelle, pg_temp
as $$ select d from unnest(digests) as d where exists (select from binary_blob b where b.digest = d) $$;
revoke execute on function passerelle.binary_digests_in_use from public;
grant execute on function passerelle.binary_digests_in_use to passerelle_app;
