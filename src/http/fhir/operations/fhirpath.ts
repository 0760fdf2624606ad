/**
 * $fhirpath: what an expression says of a resource that is sent or stored. Asked and answered as the public FHIRPath test
 * servers do it: https://github.com/brianpos/fhirpath-lab/blob/main/server-api.md
 */
import { ENGINE, type OperationInput, type Parameter } from '../../../fhir/index.ts'
import { Failure } from '../../../kernel/failure.ts'
import { type ExactJson, isObject, type JsonObject, parseExactObject } from '../../../kernel/json.ts'
import { requireScope } from '../gate.ts'
import { NOTHING_SEEN, type FhirService, type Seen } from '../interaction.ts'
import { currentVersion } from '../read.ts'
import type { Operation, OperationCall } from './operation.ts'

export const fhirpath: Operation = {
  name: 'fhirpath',
  definition: 'urn:passerelle:OperationDefinition:fhirpath',
  summary: 'What a FHIRPath expression says of a resource',
  levels: ['system', 'instance'],
  affectsState: false,
  parameters: [
    { name: 'expression', min: 1, max: 1, type: 'string' },
    { name: 'context', min: 0, max: 1, type: 'string' },
    { name: 'resource', min: 0, max: 1, type: 'Resource' },
    { name: 'variables', min: 0, max: '*', type: 'Parts' },
    // The test page sends these to every server; the terminology here is the tenant's, and nothing is validated.
    { name: 'terminologyserver', min: 0, max: 1, type: 'string' },
    { name: 'validate', min: 0, max: 1, type: 'boolean' },
  ],
  async run(service, call) {
    const { input } = call
    const { text, seen } = await resourceOf(service, call)
    const expression = limited(input.text('expression')!)
    const context = input.text('context')
    const results = await service.paths.evaluate({
      expression,
      context: context === undefined ? undefined : limited(context),
      resource: text,
      variables: variablesOf(input),
      valueTypes: valueTypesOf(service),
    })
    const asked = askedText(expression, context, text, input)
    const parameters = results === '' ? asked : `${asked},${results}`
    return {
      status: 200,
      body: `{"resourceType":"Parameters","id":"fhirpath","parameter":[${parameters}]}`,
      seen,
    }
  },
}

/** No expression that somebody wrote is longer. */
const MAX_EXPRESSION = 10_000

function limited(expression: string): string {
  if (expression.length > MAX_EXPRESSION)
    throw new Failure('invalid', 'fhirpath-too-long', { max: MAX_EXPRESSION })
  return expression
}

/** JSON text of what is looked at; undefined: nothing. */
async function resourceOf(
  service: FhirService,
  { request, input, level }: OperationCall,
): Promise<{ text: string | undefined; seen: Seen }> {
  const sent = input.one('resource')
  if (level === 'system') return { text: sent && sentText(sent), seen: NOTHING_SEEN }
  if (sent) throw new Failure('invalid', 'parameter-unknown', { parameter: 'resource' })
  const { type, id, caller } = request
  requireScope(caller.access, type, 'r')
  const { version, patients, body } = await currentVersion(service, request)
  return { text: body, seen: { entities: [{ type, id, version }], patients } }
}

const JSON_VALUE = 'http://fhir.forms-lab.com/StructureDefinition/json-value'

/** As a resource, or as its JSON text in an extension. */
function sentText({ resource, extensions = [] }: Parameter): string {
  if (resource) return JSON.stringify(resource.exact)
  const text = extensions.filter(isObject).find(({ url }) => url === JSON_VALUE)?.valueString
  if (typeof text !== 'string')
    throw new Failure('invalid', 'operation-parameter-type', { parameter: 'resource', type: 'Resource' })
  return JSON.stringify(parseExactObject(text).exact)
}

function variablesOf(input: OperationInput): [string, string][] {
  return input
    .all('variables')
    .flatMap(({ parts = [] }) => parts)
    .map(({ name, source }) => [name, JSON.stringify(valueMembers(source))])
}

/** `valueX`, `_valueX` or `resource` of a parameter. */
function valueMembers({ exact }: ExactJson): JsonObject {
  const members = Object.entries(exact).filter(([name]) => /^_?value[A-Z]|^resource$/.test(name))
  return Object.fromEntries(members)
}

function valueTypesOf({ definitions }: FhirService): ReadonlySet<string> {
  const properties = [...definitions.type('Parameters.parameter')!.properties.values()]
  return new Set(properties.filter(({ element }) => element === 'value').map(({ type }) => type))
}

/** What was asked, for who reads the answer without the question. */
function askedText(
  expression: string,
  context: string | undefined,
  resource: string | undefined,
  input: OperationInput,
): string {
  const text = (name: string, value: string) => JSON.stringify({ name, valueString: value })
  const variables = input.all('variables').map(({ source }) => JSON.stringify(source.exact))
  const parts = [
    text('evaluator', ENGINE),
    text('expression', expression),
    ...(context === undefined ? [] : [text('context', context)]),
    ...(resource === undefined ? [] : [`{"name":"resource","resource":${resource}}`]),
    ...variables,
  ]
  return `{"name":"parameters","part":[${parts.join(',')}]}`
}
