-- Profiles are found by their canonical URLs and watched for changes as code systems and value sets are: their names
-- stand in the same table (`StructureDefinition url`), and their changes count in the same revision.

create constraint trigger profiles after insert or update on passerelle.resource
deferrable initially deferred for each row when (new.type = 'StructureDefinition')
execute function passerelle.terminology_changed();

-- What is there already. Row-level security binds the owner too, so one tenant after the other.
do $$
declare tenant_id int;
begin
  set constraints passerelle.profiles immediate;
  for tenant_id in select id from passerelle.tenant loop
    perform set_config('passerelle.tenant', tenant_id::text, true);
    update passerelle.resource set version = version
    where tenant = tenant_id and type = 'StructureDefinition' and not deleted;
  end loop;
  perform set_config('passerelle.tenant', '', true);
end $$;
