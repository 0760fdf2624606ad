import { describe, expect, test } from 'vitest'
import { Failure } from '../../../kernel/failure.ts'
import { compileMapping, mapMessage, readMappingFiles } from '../index.ts'
import { CONTEXT, MAPPING_FOLDER, sample, tree } from '../testing/compiled.ts'

const files = await readMappingFiles(MAPPING_FOLDER)
const COLUMNS = 'row\tfrom\twhen\tto\ttype\tvocabulary\tvalue\torigin'

/** What the compiler says about one more row of PID[Patient]. */
function complaints(row: string, file = 'segments/PID.Patient.tsv', columns = COLUMNS): string[] {
  try {
    compileMapping(files, tree, { overrides: [new Map([[file, `${columns}\n${row}\n`]])] })
    return []
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'mapping-does-not-compile') throw error
    return error.issues.map(({ diagnostics }) => diagnostics)
  }
}

describe('a row is refused, with its file and its id,', () => {
  test.each([
    ['for an element that R4 does not have', 'x\tPID-8\t\tsex', 'R4 has no element Patient.sex'],
    [
      'for a choice without its type',
      'x\tPID-29\t\tdeceased',
      'Patient.deceased needs its type, as in deceasedQuantity',
    ],
    [
      'for a condition that can’t be read',
      'x\tPID-8\tPID-8 is M\tgender',
      '"in" expected instead of "is" in "PID-8 is M"',
    ],
    [
      'for a switch that is not declared',
      'x\tPID-8\tswitch colour = "red"\tgender',
      'there is no switch colour',
    ],
    [
      'for a value that a switch does not have',
      'x\tPID-8\tswitch attachment = "red"\tgender',
      'switch attachment has no value "red"',
    ],
    [
      'for a table that does not exist',
      'x\tPID-3\t\tidentifier\tCX[Nothing]',
      'there is no table CX[Nothing]',
    ],
    [
      'for a table that makes something else',
      'x\tPID-3\t\tidentifier\tXPN[HumanName]',
      'XPN[HumanName] makes no Identifier',
    ],
    [
      'for a complex element without a table',
      'x\tPID-3\t\tidentifier',
      'a Identifier needs a data type table',
    ],
    ['for a vocabulary that does not exist', 'x\tPID-8\t\tgender\t\tSexes', 'there is no vocabulary Sexes'],
    [
      'for a vocabulary with codes that R4 does not allow',
      'x\tPID-8\t\tgender\t\tMaritalStatus',
      'MaritalStatus gives "L", which R4 does not allow here',
    ],
    [
      'for a constant that R4 does not allow',
      'x\tPID-8\t\tgender\t\t\t"M"',
      '"M" is not a code that R4 allows here',
    ],
    [
      'for a label on what is no list',
      'x\tPID-8\t\tgender[1]',
      'Patient.gender is no list, so [1] names nothing',
    ],
    ['for a source that is no v2 path', 'x\tpid8\t\tgender', '"pid8" is not a v2 path'],
    ['for a function that does not exist', 'x\tPID-8\t\tgender\t@guess', 'there is no function @guess'],
    [
      'for a reference to a resource that it can’t hold',
      'x\tPD1-4\t\tmanagingOrganization>Practitioner',
      'Patient.managingOrganization does not refer to Practitioner',
    ],
  ])('%s', (_what, row, problem) => {
    expect(complaints(row)).toEqual([`segments/PID.Patient.tsv, row x: ${problem}`])
  })

  test('for a label that no row of the message makes', () => {
    const row = 'x\tPID\t\t\tPatient[1]\tPID[Patient]\tPatient[1].generalPractitioner = Practitioner[9]'
    const columns = 'row\tpath\trepeats\twhen\tto\tmap\treferences'
    expect(complaints(row, 'messages/ADT_A01.tsv', columns)).toEqual([
      'messages/ADT_A01.tsv, row ADT_A01 x: no row makes Practitioner[9]',
    ])
  })
})

describe('what R4 binds or counts is refused', () => {
  test('in the codings of a concept: a constant and a vocabulary', () => {
    const file = 'segments/AL1.AllergyIntolerance.tsv'
    expect(complaints('x\tAL1-2\t\tclinicalStatus.coding.code\t\t\t"alive"', file)).toEqual([
      `${file}, row x: "alive" is not a code that R4 allows here`,
    ])
    expect(complaints('x\tAL1-2\t\tclinicalStatus.coding.code\t\tMaritalStatus', file)).toHaveLength(1)
  })

  test('in defaults and what elements need', () => {
    const columns = 'type\telement\tjson\twhen'
    const complaint = (row: string) => complaints(row, 'defaults.tsv', columns)[0]
    expect(complaint('Patient\tgender\t"M"\t')).toContain('"M" is not a code that R4 allows here')
    expect(complaint('Patient\tname\t{"text":"x"}\t')).toContain('R4 has a list here')
    expect(complaint('Patient\tgender\t["male"]\t')).toContain('R4 has no list here')
    expect(complaint('Patient\tcolour\t"x"\t')).toContain('R4 has no element Patient.colour')
    expect(complaints('Identifier\tuse\t"mine"', 'required.tsv', 'type\telement\totherwise')[0]).toContain(
      '"mine" is not a code that R4 allows here',
    )
    expect(complaints('Quantity\tcolour\tvalue', 'dependent.tsv', 'type\telement\tneeds')[0]).toContain(
      'R4 has no element Quantity.colour',
    )
  })
})

test('all mistakes are told at once', () => {
  expect(complaints('x\tPID-8\t\tsex\ny\tPID-7\t\tborn')).toHaveLength(2)
})

describe('a channel overrides rows', () => {
  const overridden = (rows: string) =>
    mapMessage(
      compileMapping(files, tree, {
        overrides: [new Map([['segments/PID.Patient.tsv', `${COLUMNS}\n${rows}\n`]])],
      }),
      sample('adt-a01'),
      CONTEXT,
    ).resources.find(({ type }) => type === 'Patient')!.resource

  test('a row with a known id takes its place', () => {
    expect(overridden('PID-16\tPID-16\t\tmaritalStatus.text')['maritalStatus']).toEqual({ text: 'M' })
  })

  test('a row with nothing but its id takes it out', () => {
    expect(overridden('PID-16')['maritalStatus']).toBeUndefined()
  })

  test('a row with a new id is added', () => {
    expect(overridden('PID-23b\tPID-23\t\taddress[birth].city')['address']).toContainEqual({ city: 'RENNES' })
  })
})

describe('a row of a message table', () => {
  const MESSAGE = 'row\tpath\trepeats\twhen\tto\tmap\treferences\torigin\tafter'
  const namesIn = (structure: string, file: string, ...rows: string[]) => {
    const overrides = [new Map([[file, [MESSAGE, ...rows].join('\n')]])]
    const { root } = compileMapping(files, tree, { overrides }).structures.get(structure)!
    return root.children.map(({ name }) => name)
  }

  test('stands after the row that it names, several in their order', () => {
    const rows = ['a\tZAA\t\t\t\t\t\town\tPV2', 'b\tZBB\t\t\t\t\t\town\tZZ9 PV2']
    const names = namesIn('ADT_A01', 'messages/ADT_A01.tsv', ...rows)
    expect(names.slice(names.indexOf('PV2'), names.indexOf('PV2') + 3)).toEqual(['PV2', 'ZAA', 'ZBB'])
    expect(complaints('a\tZAA\t\t\t\t\t\town\tZZ9', 'messages/ADT_A01.tsv', MESSAGE)).toEqual([
      'messages/ADT_A01.tsv, row a: there is no row ZZ9 to stand after',
    ])
  })

  test('of ADT_any is laid over all that have what it speaks of', () => {
    const rows = [
      'a\tZAA\t\t\t\t\t\town\tPV2',
      'b\tZBB\t\t\tObservation[z]\tOBX[Observation]\tObservation[z].encounter = Encounter[9]\town\tPV2',
    ]
    for (const structure of ['ADT_A01', 'ADT_A02']) {
      const names = namesIn(structure, 'messages/ADT_any.tsv', ...rows)
      expect(names).toContain('ZAA')
      expect(names).not.toContain('ZBB')
    }
    expect(namesIn('ORU_R01', 'messages/ADT_any.tsv', ...rows)).not.toContain('ZAA')
    expect(complaints('a\tZAA', 'messages/XYZ_any.tsv', MESSAGE)).toEqual([
      'messages/XYZ_any.tsv, row : there is no table of such a name',
    ])
  })
})

test('a compiled program can’t be changed', () => {
  const program = compileMapping(files, tree)
  expect(Object.isFrozen(program.structures.get('ADT_A01')!.root.children)).toBe(true)
})

test('every switch is used by a row or by name', () => {
  const text = [...files].map(([, each]) => each).join('\n')
  const code = [
    'decimal-comma',
    'directory-from-messages',
    'encounter-without-number',
    'patient-outside-adt',
    'text-lines',
  ]
  const switches = files
    .get('switches.tsv')!
    .split('\n')
    .slice(1, -1)
    .map((line) => line.split('\t')[0]!)
  expect(switches.filter((name) => !code.includes(name) && !text.includes(`switch ${name} `))).toEqual([])
})
