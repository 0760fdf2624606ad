-- Two raised PA003 and two PA004: each has a code of its own now, for the program treats them differently.

create or replace function passerelle.assert_turn(turns bigint, expected bigint) returns boolean
language plpgsql
as $$
begin
  if turns <> expected then
    raise exception 'not the head of its lane' using errcode = 'PA007';
  end if;
  return true;
end $$;

create or replace function passerelle.assert_projects(done boolean) returns boolean
language plpgsql
as $$
begin
  if not done then
    raise exception 'revision is projected' using errcode = 'PA008';
  end if;
  return true;
end $$;
