-- What is indexed of a resource has grown: contained resources, canonical URLs by parts of their version, systems without
-- a code, the later words of family names, what is present without a value that can be read. INDEX_VERSION in
-- src/store/index-version.ts. What is there already is brought up to date in the background.
alter table passerelle.tenant alter column index_version set default 3;
