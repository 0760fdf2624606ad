-- Search by numbers and quantities, by what is missing, by text, and through references.

-- Dates, numbers and quantities are intervals on one axis of 64 bits each: a date in epoch milliseconds, a number as
-- its IEEE 754 bits in the order of the numbers (src/store/ordered-number.ts).
alter table passerelle.date_value rename to range_value;
alter table passerelle.range_value rename constraint date_value_pkey to range_value_pkey;
alter table passerelle.resource rename column dates to ranges;

-- 32 bits of the code of each parameter that has a value: what `:missing` asks for.
alter table passerelle.resource add column present int[] not null default '{}';

-- The token under which a reference is found: src/store/hash.ts, referenceHash.
create function passerelle.reference_hash(param text, target text) returns bigint
language sql immutable parallel safe
as $$ select ('x' || encode(substr(sha256(convert_to(param || e'\x03' || target, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint $$;

-- Text without case, accents and punctuation: src/fhir/search/normalise.ts. Where a search looks at texts that no index
-- has normalised before (`code:text`), in the rows that the rest of the search has found.
create function passerelle.normalise(written text) returns text
language sql immutable parallel safe
as $$
  select btrim(regexp_replace(regexp_replace(
    replace(replace(replace(replace(translate(
      regexp_replace(
        lower(normalize(lower(written collate pg_c_utf8), nfkd) collate pg_c_utf8),
        '[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20dc\ufe20-\ufe2f]+', '', 'g'),
      'øđðłı', 'oddli'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
    '[''’ʼ`´]', '', 'g'),
    '[^[:alnum:]$+<=>^|~¢-©¬®-±×÷€™]+' collate pg_c_utf8, ' ', 'g'))
$$;

-- Meters between two places on the earth, by the haversine formula.
create function passerelle.distance(lat1 float8, lon1 float8, lat2 float8, lon2 float8) returns float8
language sql immutable parallel safe
as $$
  select 2 * 6371008.8 * asin(least(1, sqrt(
    sind((lat2 - lat1) / 2) ^ 2 + cosd(lat1) * cosd(lat2) * sind((lon2 - lon1) / 2) ^ 2)))
$$;

-- Type and id of a literal reference to a resource of this server, relative or under one of its bases; else null.
create function passerelle.local_reference(written text, bases text[]) returns text[]
language sql immutable parallel safe
as $$
  select regexp_match(
    coalesce((select substr(written, length(b) + 1) from unnest(bases) b where starts_with(written, b) limit 1), written),
    '^([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?$')
$$;

-- Words as they are written and in the stems of three languages.
create function passerelle.words(written text) returns tsvector
language sql immutable parallel safe
as $$
  select to_tsvector('pg_catalog.simple', written) || to_tsvector('pg_catalog.french', written)
      || to_tsvector('pg_catalog.german', written) || to_tsvector('pg_catalog.english', written)
$$;

create function passerelle.narrative_words(content jsonb) returns tsvector
language sql immutable parallel safe
as $$ select passerelle.words(regexp_replace(coalesce(content #>> '{text,div}', ''), '<[^>]*>', ' ', 'g')) $$;

-- All texts of the resource, its narrative included.
create function passerelle.content_words(content jsonb) returns tsvector
language sql immutable parallel safe
as $$
  select passerelle.words(regexp_replace(
    coalesce((select string_agg(t #>> '{}', ' ') from jsonb_path_query(content, 'strict $.**?(@.type() == "string")') t), ''),
    '<[^>]*>', ' ', 'g'))
$$;

create function passerelle.words_query(written text) returns tsquery
language sql immutable parallel safe
as $$
  select websearch_to_tsquery('pg_catalog.simple', written) || websearch_to_tsquery('pg_catalog.french', written)
      || websearch_to_tsquery('pg_catalog.german', written) || websearch_to_tsquery('pg_catalog.english', written)
$$;
