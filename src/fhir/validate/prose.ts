/** What R4 says of a type in words alone, without an invariant or a binding whose codes can be listed. */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { ValidationContext } from './context.ts'

export type ProseCheck = (value: JsonObject, context: ValidationContext) => void

/** By type. */
export const PROSE: Readonly<Record<string, ProseCheck>> = {
  // "The fullUrl SHALL NOT disagree with the id in the resource." https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.fullUrl
  'Bundle.entry': ({ fullUrl, resource }, context) => {
    if (typeof fullUrl !== 'string' || !isObject(resource) || typeof resource.id !== 'string') return
    const [, type, id] = RESTFUL.exec(fullUrl) ?? []
    if (id !== undefined && (type !== resource.resourceType || id !== resource.id))
      context.error('value', 'Must not be the URL of another resource than the one of the entry', 'fullUrl')
  },
  // Relative only inside another extension, whose definition defines it. https://hl7.org/fhir/R4/extensibility.html#extension
  Extension: ({ url }, context) => {
    if (typeof url === 'string' && !ABSOLUTE.test(url) && !isNested(context))
      context.error('value', 'Must be an absolute URL', 'url')
  },
  // ISO 4217. https://hl7.org/fhir/R4/valueset-currencies.html
  Money: ({ currency }, context) => {
    if (typeof currency === 'string' && !CURRENCIES.has(currency))
      context.error('code-invalid', 'Must be a currency of ISO 4217', 'currency')
  },
}

/** By type: what is told in a review, but not held against what is to be kept. */
export const PROSE_ADVICE: Readonly<Record<string, ProseCheck>> = {
  // Senders of messages say "TX" or "PDF" here, and the document is worth keeping.
  Attachment: ({ contentType }, context) => checkMimeType(contentType, 'contentType', context),
  Binary: ({ contentType }, context) => checkMimeType(contentType, 'contentType', context),
  Signature: ({ targetFormat, sigFormat }, context) => {
    checkMimeType(targetFormat, 'targetFormat', context)
    checkMimeType(sigFormat, 'sigFormat', context)
  },
}

const RESTFUL = /^https?:\/\/.*\/([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:/
const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'))
/** BCP 13. https://hl7.org/fhir/R4/valueset-mimetypes.html */
const MIME_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?: ?;.*)?$/

function checkMimeType(value: Json | undefined, name: string, context: ValidationContext): void {
  if (typeof value === 'string' && !MIME_TYPE.test(value))
    context.add({ severity: 'warning', type: 'code-invalid', diagnostics: 'Must be a MIME type' }, name)
}

/** At `….extension[0].extension[1]`: the steps before the last two are an extension's too. */
function isNested({ steps }: ValidationContext): boolean {
  return typeof steps.at(-3) === 'number' && isExtension(steps.at(-4))
}

function isExtension(step: string | number | undefined): boolean {
  return step === 'extension' || step === 'modifierExtension'
}
