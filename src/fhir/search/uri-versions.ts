/**
 * `url=http://acme.org/vs|1.0`: "servers SHOULD support automatically detecting a |[version] portion as part of the search
 * parameter, and interpreting that portion as a search on the version". https://hl7.org/fhir/R4/search.html#uri
 */
import type { SearchParameter } from './parameters.ts'
import type { Criterion, ParameterCriterion } from './request.ts'

/** @param version the type's own parameter of this name, which only types that are named by canonical URLs have */
export function withVersions(criterion: ParameterCriterion, version: SearchParameter | undefined): Criterion {
  const { param, modifier, values } = criterion
  const isOfCanonical = param.type === 'uri' && param.code === 'url' && version?.type === 'token'
  if (!isOfCanonical || modifier !== undefined) return criterion
  const of = values.flatMap((value): Criterion[] => {
    const bar = value.kind === 'uri' ? value.value.lastIndexOf('|') : -1
    if (value.kind !== 'uri' || bar < 0) return []
    const [url, code] = [value.value.slice(0, bar), value.value.slice(bar + 1)]
    return [
      {
        by: 'all',
        of: [
          { by: 'parameter', param, modifier: undefined, values: [{ kind: 'uri', value: url }] },
          {
            by: 'parameter',
            param: version,
            modifier: undefined,
            values: [{ kind: 'token', system: undefined, code }],
          },
        ],
      },
    ]
  })
  if (of.length === 0) return criterion
  const plain = values.filter((value) => value.kind !== 'uri' || !value.value.includes('|'))
  if (plain.length > 0) of.push({ ...criterion, values: plain })
  return of.length === 1 ? of[0]! : { by: 'any', of }
}
