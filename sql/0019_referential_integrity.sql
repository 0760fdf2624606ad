-- Referential integrity within a tenant: what a write refers to is there, and nothing that is referred to is deleted.
-- See docs/decisions/0009: who refers and who deletes wait for each other, and for nobody else.

-- Before the writes of a transaction: takes the locks of what they refer to (shared) and of what they delete (alone), in
-- the order given, and raises PA005 when something that they refer to is not there. Volatile, so that the check sees what
-- those who held the locks have committed. The order of locks is the same for everybody: two transactions wait in line,
-- not in a circle.
create function passerelle.hold_targets(
  own_tenant int, locks int[], alone boolean[], types text[], ids text[], versions int[]
) returns void
language plpgsql volatile
as $$
begin
  perform case when k.alone then pg_advisory_xact_lock(own_tenant, k.lock)
               else pg_advisory_xact_lock_shared(own_tenant, k.lock) end
  from unnest(locks, alone) as k(lock, alone);
  if exists (
    select from unnest(types, ids, versions) as t(type, id, version)
    where not exists (
      select from passerelle.resource r
      where r.tenant = own_tenant and r.type = t.type and r.id = t.id and not r.deleted and r.version >= t.version
      offset 0
    )
  ) then
    raise exception 'a target is missing' using errcode = 'PA005';
  end if;
end $$;

-- After the writes of a transaction: raises when something refers to what they deleted.
create function passerelle.assert_unreferenced(referenced boolean) returns boolean
language plpgsql
as $$
begin
  if referenced then
    raise exception 'deleted resource is referenced' using errcode = 'PA006';
  end if;
  return true;
end $$;
