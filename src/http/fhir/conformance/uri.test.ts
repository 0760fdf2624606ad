/** Uri parameters, on uris and canonicals. https://hl7.org/fhir/R4/search.html#uri */
import { judge, type Sample } from './judge.ts'

const valueSet = (id: string, url: string, version?: string): Sample => ({
  resourceType: 'ValueSet',
  id,
  status: 'active',
  url,
  ...(version !== undefined && { version }),
})
const profiled = (id: string, ...profile: readonly string[]): Sample => ({
  resourceType: 'Basic',
  id,
  meta: { profile },
  code: { text: 'x' },
})

judge(
  'uris',
  [
    valueSet('v123', 'http://acme.org/fhir/ValueSet/123'),
    valueSet('v5', 'http://acme.org/fhir/ValueSet/123/_history/5'),
    valueSet('v12', 'http://acme.org/fhir/ValueSet/12'),
    valueSet('elsewhere', 'http://acme.org/other'),
    valueSet('fhirs', 'http://acme.org/fhirs'),
    valueSet('oid', 'urn:oid:1.2.3.4.5'),
    valueSet('longerOid', 'urn:oid:1.2.3.4.5.6'),
    valueSet('one', 'http://acme.org/versioned', '1.0'),
    valueSet('two', 'http://acme.org/versioned', '2.0'),
    valueSet('accent', 'http://åé'),
    profiled('p1', 'http://acme.org/StructureDefinition/p|1.0'),
    profiled('p11', 'http://acme.org/StructureDefinition/p|1.1'),
    profiled('p2', 'http://acme.org/StructureDefinition/p|2.0', 'http://acme.org/StructureDefinition/q'),
    profiled('p', 'http://acme.org/StructureDefinition/p'),
    {
      resourceType: 'Basic',
      id: 'sourced',
      code: { text: 'x' },
      meta: { source: 'http://acme.org/lab#1' },
    },
    {
      resourceType: 'Endpoint',
      id: 'end',
      status: 'active',
      connectionType: { code: 'hl7-fhir-rest' },
      payloadType: [{ text: 'any' }],
      address: 'http://x',
    },
  ],
  [
    // "matches are precise (e.g. case, accent, and escape) sensitive, and the entire URI must match"
    ['ValueSet?url=http://acme.org/fhir/ValueSet/123', 'v123'],
    ['ValueSet?url=http://acme.org/fhir/valueset/123', ''],
    ['ValueSet?url=http://ACME.org/fhir/ValueSet/123', ''],
    ['ValueSet?url=http://acme.org/fhir/ValueSet', ''],
    ['ValueSet?url=http://acme.org/fhir/ValueSet/123/', ''],
    ['ValueSet?url=urn:oid:1.2.3.4.5', 'oid'],
    ['ValueSet?url=http://åé', 'accent'],
    ['ValueSet?url=http://ae', ''],
    ['ValueSet?url=http://acme.org/other,urn:oid:1.2.3.4.5', 'elsewhere oid'],
    ['ValueSet?url=http%3A%2F%2Facme.org%2Fother', 'elsewhere'],
    // "a URL that starts with"
    ['ValueSet?url:below=http://acme.org/fhir/', 'v12 v123 v5'],
    ['ValueSet?url:below=http://acme.org/fhir/ValueSet/123', 'v123 v5'],
    ['ValueSet?url:below=http://acme.org/', 'elsewhere fhirs one two v12 v123 v5'],
    ['ValueSet?url:below=http://acme.org/fhir', 'fhirs v12 v123 v5'],
    ['ValueSet?url:below=http', 'accent elsewhere fhirs one two v12 v123 v5'],
    ['ValueSet?url:below=acme', ''],
    // "any value set above a given specific URL"
    ['ValueSet?url:above=http://acme.org/fhir/ValueSet/123/_history/5', 'v12 v123 v5'],
    ['ValueSet?url:above=http://acme.org/fhir/ValueSet/12', 'v12'],
    ['ValueSet?url:above=http://acme.org/fhir/', ''],
    ['ValueSet?url:above=http://acme.org/other/x,http://acme.org/versioned/1', 'elsewhere one two'],
    // "only apply to URLs, and not URNS such as OIDs"
    ['ValueSet?url:below=urn:oid:1.2.3.4.5', 'oid'],
    ['ValueSet?url:above=urn:oid:1.2.3.4.5.6', 'longerOid'],
    // "automatically detecting a |[version] portion … interpreting that portion as a search on the version"
    ['ValueSet?url=http://acme.org/versioned', 'one two'],
    ['ValueSet?url=http://acme.org/versioned|1.0', 'one'],
    ['ValueSet?url=http://acme.org/versioned|2.0', 'two'],
    ['ValueSet?url=http://acme.org/versioned|3.0', ''],
    ['ValueSet?url=http://acme.org/versioned|1.0,http://acme.org/other', 'elsewhere one'],
    ['ValueSet?url=http://acme.org/versioned&version=2.0', 'two'],
    // canonicals
    ['Basic?_profile=http://acme.org/StructureDefinition/p', 'p p1 p11 p2'],
    ['Basic?_profile=http://acme.org/StructureDefinition/p|1.0', 'p1'],
    ['Basic?_profile=http://acme.org/StructureDefinition/p|3', ''],
    ['Basic?_profile:below=http://acme.org/StructureDefinition/p', 'p p1 p11 p2'],
    ['Basic?_profile:below=http://acme.org/StructureDefinition/p|1', 'p1 p11'],
    ['Basic?_profile=http://acme.org/StructureDefinition/q', 'p2'],
    ['Basic?_profile:missing=true', 'sourced'],
    ['Basic?_source=http://acme.org/lab#1', 'sourced'],
    ['Basic?_source:below=http://acme.org/lab', 'sourced'],
    ['Basic?_source:missing=false', 'sourced'],
    ['ValueSet?url:missing=true', ''],
    ['ValueSet?url:exact=http://acme.org/other', 400],
    ['ValueSet?url:contains=acme', 400],
    ['ValueSet?url:text=acme', 400],
  ],
)
