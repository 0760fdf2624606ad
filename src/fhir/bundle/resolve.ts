/** Which entry of a transaction a link means. https://hl7.org/fhir/R4/bundle.html#references */
import type { Replace } from './references.ts'

/** The base of a RESTful fullUrl: what its resource's relative references are relative to. */
const RESTFUL = /^(https?:\/\/.+)\/[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/
const RELATIVE = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/

/**
 * Replaces links to entries by `Type/id`.
 * @param assigned fullUrl, or conditional reference, → `Type/id`
 * @param fullUrl of the entry whose resource is rewritten
 */
export function linkResolver(assigned: ReadonlyMap<string, string>, fullUrl: string | undefined): Replace {
  const base = fullUrl === undefined ? undefined : RESTFUL.exec(fullUrl)?.[1]
  return (link, kind) => {
    const direct = assigned.get(link)
    if (direct !== undefined) return direct
    const hash = link.indexOf('#')
    const target = hash > 0 ? assigned.get(link.slice(0, hash)) : undefined
    if (target !== undefined) return target + link.slice(hash)
    if (kind === 'reference' && base !== undefined && RELATIVE.test(link))
      return assigned.get(`${base}/${link}`)
    return undefined
  }
}
