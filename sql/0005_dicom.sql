-- The index of stored DICOM objects: what DICOMweb is asked for and what the ImagingStudy is made from.
-- The objects themselves are blobs, named by their digest.

create table passerelle.dicom_study (
  tenant int not null,
  study_uid text collate "C" not null,
  channel text collate "C" not null,        -- that brought the first object
  patient text collate "C" not null,        -- id of the Patient of the first object; later objects never move the study
  attributes jsonb not null,                -- patient and study level: the first object's, completed by later ones
  instances int not null,
  revision bigint not null default 1,       -- counts what came in
  projected bigint not null default 0,      -- the revision that the ImagingStudy shows
  dirty boolean not null default true,      -- projected < revision; apart, because only then an update keeps its index entry
  claimed_until timestamptz(3),             -- a sweeper is at it
  received_at timestamptz(3) not null,
  changed_at timestamptz(3) not null,
  primary key (tenant, study_uid)
) with (fillfactor = 50);
create index dicom_study_dirty on passerelle.dicom_study (tenant, study_uid) where dirty;
call passerelle.isolate('passerelle.dicom_study', 'select, insert, update');

-- The study is part of the key: copies of a study are seen that have kept the UIDs of its series.
create table passerelle.dicom_series (
  tenant int not null,
  study_uid text collate "C" not null,
  series_uid text collate "C" not null,
  attributes jsonb not null,                -- series level, of the first object and completed by later ones
  instances int not null,
  primary key (tenant, study_uid, series_uid)
) with (fillfactor = 70);
call passerelle.isolate('passerelle.dicom_series', 'select, insert, update');

create table passerelle.dicom_instance (
  tenant int not null,
  sop_instance_uid text collate "C" not null,
  study_uid text collate "C" not null,
  series_uid text collate "C" not null,
  sop_class_uid text collate "C" not null,
  transfer_syntax_uid text collate "C" not null,
  number int,
  title text,
  patient text collate "C" not null,        -- id of the Patient that this object names
  digest text collate "C" not null,         -- the blob: a Part 10 file with the dataset byte for byte
  size bigint not null,
  header jsonb not null,                    -- DICOM JSON model without bulk data
  header_complete boolean not null,         -- false: it goes on beyond what was read
  channel text collate "C" not null,
  calling_ae text collate "C" not null,
  received_at timestamptz(3) not null,
  primary key (tenant, sop_instance_uid)
);
-- All of a study, or of a series of it, in one range.
create index dicom_instance_series on passerelle.dicom_instance (tenant, study_uid, series_uid);
call passerelle.isolate('passerelle.dicom_instance', 'select, insert, delete');

-- Raises when the ImagingStudy of this revision, or of a later one, is written already: the writer's transaction is undone.
create function passerelle.assert_projects(done boolean) returns boolean
language plpgsql
as $$
begin
  if not done then
    raise exception 'revision is projected' using errcode = 'PA004';
  end if;
  return true;
end $$;
