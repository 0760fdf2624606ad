/** The parts of the server that say what a resource is found by, put together as the server does. */
import {
  type ExtractContext,
  type Extractor,
  loadDefinitions,
  makeExtractor,
  makeReferenceWalk,
  makeSearchParameters,
} from '../../src/fhir/index.ts'
import { makeTimeZone } from '../../src/kernel/time-zone.ts'
import { hash64, referenceText, tokenText, unshownText, uriText } from '../../src/store/hash.ts'
import { makeReferring, makeResourceIndex, nameOf, targetsOf } from '../../src/store/integrity/index.ts'
import { marked } from './copies.ts'

export function makeExtraction(timezone: string) {
  const definitions = loadDefinitions()
  const parameters = makeSearchParameters(definitions)
  const context: ExtractContext = {
    zone: makeTimeZone(timezone),
    toLocal: () => undefined,
    bases: () => [],
  }
  const walk = makeReferenceWalk(definitions)
  const referring = makeReferring(parameters, definitions.resourceTypes)
  const contextOf = () => context
  return {
    definitions,
    parameters,
    context,
    walk,
    extractor: makeExtractor(definitions, parameters),
    indexResource: makeResourceIndex({ parameters, walk, referring, contextOf }),
  }
}

/** Token hashes of texts that hold an id, so that each copy has others: hash, and text with a gap for the copy. */
export type Variants = Map<string, string>

/** Notes the variants of everything that is extracted. */
export function noting(
  { extractor, walk }: Pick<ReturnType<typeof makeExtraction>, 'extractor' | 'walk'>,
  variants: Variants,
  except: readonly string[],
): Extractor {
  const note = (text: string) => {
    const gapped = marked(text)
    if (gapped !== text) variants.set(hash64(text), gapped)
  }
  return {
    ...extractor,
    extract(resource, type, context) {
      const entries = extractor.extract(resource, type, context)
      if (except.includes(type)) return entries
      for (const { param, system, code } of entries.tokens) note(tokenText(type, param, system ?? '', code))
      for (const { param, target } of entries.references) note(referenceText(type, param, target))
      for (const target of targetsOf(walk, resource, context.toLocal).named) note(unshownText(nameOf(target)))
      for (const { param, value } of entries.uris) note(uriText(type, param, value))
      return entries
    },
  }
}
