/**
 * Content negotiation for FHIR: JSON in, JSON out. https://hl7.org/fhir/R4/http.html#mime-type
 * Where XML comes, it comes here.
 */
import { Failure } from '../kernel/failure.ts'

export const FHIR_JSON = 'application/fhir+json; charset=utf-8'
const PLAIN_JSON = 'application/json; charset=utf-8'

/** Types under which a JSON body is taken. application/json+fhir is what DSTU2 clients still send. */
const JSON_TYPES: ReadonlySet<string> = new Set([
  'application/fhir+json',
  'application/json',
  'text/json',
  'application/json+fhir',
])

const FORMATS: ReadonlySet<string> = new Set([...JSON_TYPES, 'json', 'application/fhir json'])

interface MediaRange {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

/** The media type alone, in lower case; undefined when its text isn't UTF-8, or it is FHIR of another version. */
export function utf8Type(contentType: string | undefined): string | undefined {
  const { type, parameters } = parseRange(contentType ?? '')
  return isUtf8(parameters) && isR4(parameters) ? type : undefined
}

/** @throws Failure `unsupported`/`media-type` when the body isn't JSON in UTF-8, FHIR R4 */
export function requireJson(contentType: string | undefined): void {
  if (contentType === 'application/fhir+json' || contentType === 'application/json') return
  const { type, parameters } = parseRange(contentType ?? '')
  if (!JSON_TYPES.has(type) || !isUtf8(parameters) || !isR4(parameters)) {
    throw new Failure('unsupported', 'media-type', { expected: 'application/fhir+json' })
  }
}

/** True for the body of a POST _search. */
export function isForm(contentType: string | undefined): boolean {
  return parseRange(contentType ?? '').type === 'application/x-www-form-urlencoded'
}

/**
 * The Content-Type of the answer. `_format` wins over Accept; a client that asks for plain application/json is told
 * application/json.
 * @throws Failure `unsupported`/`not-acceptable`
 */
export function answerType(accept: string | undefined, format: string | undefined): string {
  if (format !== undefined) {
    if (FORMATS.has(parseRange(format).type)) return FHIR_JSON
    throw notAcceptable()
  }
  if (accept === undefined || accept === '*/*' || accept === 'application/fhir+json') return FHIR_JSON
  const ranges = accept.split(',').map(parseRange).filter(isWanted)
  if (ranges.some(({ type, parameters }) => FHIR_RANGES.has(type) && isR4(parameters))) return FHIR_JSON
  if (ranges.some(({ type }) => type === 'application/json' || type === 'text/json')) return PLAIN_JSON
  if (ranges.some(({ type }) => type === '*/*' || type === 'application/*')) return FHIR_JSON
  throw notAcceptable()
}

const FHIR_RANGES: ReadonlySet<string> = new Set(['application/fhir+json', 'application/json+fhir'])

function notAcceptable(): Failure {
  return new Failure('unsupported', 'not-acceptable', { offered: 'application/fhir+json' })
}

function isWanted({ parameters }: MediaRange): boolean {
  return Number(parameters.get('q') ?? 1) !== 0
}

function isUtf8(parameters: ReadonlyMap<string, string>): boolean {
  const charset = parameters.get('charset')?.toLowerCase() ?? 'utf-8'
  return charset === 'utf-8' || charset === 'utf8'
}

function isR4(parameters: ReadonlyMap<string, string>): boolean {
  const version = parameters.get('fhirversion')
  return version === undefined || version === '4.0' || version.startsWith('4.0.')
}

function parseRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';')
  const parameters = new Map<string, string>()
  for (const part of rest) {
    const [name = '', value = ''] = part.split('=')
    parameters.set(name.trim().toLowerCase(), value.trim().replaceAll('"', ''))
  }
  return { type: type.trim().toLowerCase(), parameters }
}
