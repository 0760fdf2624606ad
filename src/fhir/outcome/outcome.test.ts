import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../kernel/failure.ts'
import {
  LANGUAGES,
  loadDefinitions,
  makeValidator,
  messageCodes,
  messageOf,
  operationOutcome,
  outcomeOfIssues,
  pickLanguage,
  type Language,
} from '../index.ts'

describe('the language that a caller asks for', () => {
  test.each([
    [undefined, 'en'],
    ['fr', 'fr'],
    ['fr-CH, de;q=0.8', 'fr'],
    ['es, de-AT;q=0.5, en;q=0.4', 'de'],
    ['es', 'en'],
    ['*', 'en'],
    ['fr;q=0, de;q=0.1', 'de'],
    ['fr;q=abc', 'en'],
    [`${'x,'.repeat(5000)}fr`, 'en'],
  ])('%j gives %s', (header, language) => expect(pickLanguage(header)).toBe(language))
})

describe('texts', () => {
  test('every language has the same codes with the same placeholders', () => {
    const [first, ...others] = LANGUAGES.map(placeholders)
    for (const other of others) expect(other).toEqual(first)
  })

  test('every failure that a FHIR client can meet has one', () => {
    const known = new Set(messageCodes('en'))
    const codes = REACHED.flatMap((place) => sourcesOf(new URL(`../../${place}`, import.meta.url))).flatMap(
      (source) =>
        [...source.matchAll(/(?:new Failure\(\s*'[a-z-]+',\s*|searchFailure\(|fault\()'([a-z0-9-]+)'/g)].map(
          ([, code]) => code!,
        ),
    )
    expect(codes.length).toBeGreaterThan(50)
    expect(codes.filter((code) => !known.has(code) && !OF_THE_START.has(code))).toEqual([])
  })

  test('a code without a text is its own text', () => {
    expect(messageOf('nobody-wrote-this', {}, 'fr')).toBe('nobody-wrote-this')
    expect(messageOf('constructor', {}, 'fr')).toBe('constructor')
  })
})

/** Where failures begin that end as an OperationOutcome. */
const REACHED = [
  'http',
  'fhir',
  'kernel',
  'access',
  'store/search',
  'store/repository.ts',
  'store/prepare.ts',
]

/** These end the program's start, in English on the terminal. */
const OF_THE_START = new Set([
  'installation-secret-damaged',
  'installation-secret-missing',
  'installation-secret-wrong',
  'listen-failed',
  'port-in-use',
  'port-not-permitted',
  'search-not-compiled',
])

function sourcesOf(place: URL): string[] {
  if (place.pathname.endsWith('.ts')) return [readFileSync(place, 'utf8')]
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(fileURLToPath(place), name), 'utf8'))
}

/** Each code's placeholders in one language. */
function placeholders(language: Language) {
  return Object.fromEntries(
    messageCodes(language).map((code) => [code, new Set(messageOf(code, MARKS, language).match(/«\w+»/g))]),
  )
}

const MARKS = new Proxy<Record<string, string>>({}, { get: (_target, name) => `«${String(name)}»` })

describe('an OperationOutcome', () => {
  test('has the issue type, the code, the place and a text in the language of the caller', () => {
    const failure = new Failure(
      'precondition',
      'version-mismatch',
      { expected: 2, actual: 3 },
      { expression: ['Patient.meta.versionId'] },
    )
    expect(operationOutcome(failure, 'fr')).toEqual({
      resourceType: 'OperationOutcome',
      issue: [
        {
          severity: 'error',
          code: 'conflict',
          details: {
            coding: [{ system: 'urn:passerelle:failure', code: 'version-mismatch' }],
            text: 'La ressource a changé : la version 2 était attendue, la version actuelle est 3.',
          },
          expression: ['Patient.meta.versionId'],
        },
      ],
    })
  })

  test('of findings has one issue for each, with its diagnostics', () => {
    const issues = [
      {
        severity: 'error',
        type: 'required',
        expression: ['Observation.code'],
        diagnostics: 'code is required',
      },
    ] as const
    const failure = new Failure('invalid', 'validation-failed', {}, { issues })
    expect(operationOutcome(failure, 'de').issue).toEqual([
      {
        severity: 'error',
        code: 'required',
        details: { text: 'Ein Pflichtelement fehlt.' },
        diagnostics: 'code is required',
        expression: ['Observation.code'],
      },
    ])
  })

  test('is itself valid R4', () => {
    const { validate } = makeValidator(loadDefinitions())
    const outcomes = [
      operationOutcome(new Failure('internal', 'unexpected'), 'en'),
      operationOutcome(new Failure('invalid', 'search-date', { parameter: 'birthdate' }), 'de'),
      outcomeOfIssues([], 'fr'),
    ]
    for (const outcome of outcomes)
      expect(validate(JSON.parse(JSON.stringify(outcome)), 'OperationOutcome')).toEqual([])
  })
})
