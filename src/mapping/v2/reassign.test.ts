import { describe, expect, test } from 'vitest'

import { tenantNamespace, uuidv5 } from '../../kernel/ids.ts'
import { parseReassignment } from './language/reassignment.ts'
import { CONTEXT, dangling, map, message, ofType, only, problems } from './testing/compiled.ts'

const header = (event: string) => `MSH|^~\\&|ADT|HOSP|EHR|HOSP|20260301100000||ADT^${event}|M1|P|2.5`
const EVN = 'EVN||20260301100000'
const pid = (number: string, account = '') =>
  `PID|1||${number}^^^HOSP^PI||DUPONT^Marie|||F||||||||||${account}`
const PV1 = 'PV1|1|I|W1^R1^B1||||||||||||||||V1^^^HOSP^VN'
const idOf = (type: string, value: string) =>
  uuidv5(tenantNamespace(CONTEXT.tenantKey), `${type}|urn:passerelle:ns:HOSP|${value}`)
const patient = (number: string) => idOf('Patient', number)

describe('two records in one message', () => {
  test('a merge makes the survivor that replaces and the inactive one that is replaced', () => {
    const mapped = map(message(header('A40'), EVN, pid('1'), 'MRG|2^^^HOSP^PI||||||DUPOND^Marie'))
    const [survivor, replaced] = ofType(mapped, 'Patient').map(({ resource }) => resource)
    expect(survivor).toMatchObject({
      id: patient('1'),
      identifier: [{ value: '1' }, { value: '2', use: 'old' }],
      link: [{ type: 'replaces', other: { reference: `Patient/${patient('2')}` } }],
    })
    expect(replaced).toMatchObject({
      id: patient('2'),
      active: false,
      identifier: [{ value: '2' }],
      name: [{ family: 'DUPOND' }],
      link: [{ type: 'replaced-by', other: { reference: `Patient/${patient('1')}` } }],
    })
    expect(mapped.reassignments).toEqual([
      { does: 'merge', type: 'Patient', from: patient('2'), to: patient('1') },
    ])
  })

  test('each repetition of the PATIENT group is a merge of its own', () => {
    const mapped = map(
      message(header('A40'), EVN, pid('1'), 'MRG|2^^^HOSP^PI', pid('3'), 'MRG|4^^^HOSP^PI', PV1),
    )
    expect(mapped.reassignments.map(({ from, to }) => [from, to])).toEqual([
      [patient('2'), patient('1')],
      [patient('4'), patient('3')],
    ])
    expect(only(mapped, 'Encounter').resource).toMatchObject({
      subject: { reference: `Patient/${patient('3')}` },
    })
  })

  test('merged into itself a patient stays one, active and without a link', () => {
    const mapped = map(message(header('A40'), EVN, pid('1'), 'MRG|1^^^HOSP^PI'))
    const { resource } = only(mapped, 'Patient')
    expect(resource).not.toHaveProperty('active')
    expect(resource).not.toHaveProperty('link')
    expect(resource).toMatchObject({ identifier: [{ value: '1' }] })
    expect(mapped.reassignments).toEqual([])
  })

  test('a merge that names nobody to be merged changes the survivor alone, with a warning', () => {
    const mapped = map(message(header('A40'), EVN, pid('1'), 'MRG|||||||DUPOND^Marie'))
    expect(only(mapped, 'Patient').id).toBe(patient('1'))
    expect(mapped.reassignments).toEqual([])
    expect(mapped.warnings).toContainEqual({ code: 'merge-without-identifier', about: 'Patient', count: 1 })
  })

  test('accounts and visits are merged like patients', () => {
    const accounts = map(message(header('A41'), EVN, pid('1', 'A1^^^HOSP'), 'MRG|1^^^HOSP^PI||A2^^^HOSP'))
    expect(ofType(accounts, 'Account').map(({ resource }) => resource)).toMatchObject([
      { status: 'active', identifier: [{ value: 'A1' }, { value: 'A2', use: 'old' }] },
      { status: 'inactive', identifier: [{ value: 'A2' }] },
    ])
    expect(accounts.reassignments).toMatchObject([{ does: 'merge', type: 'Account' }])
    const visits = map(message(header('A42'), EVN, pid('1'), 'MRG|1^^^HOSP^PI||||V2^^^HOSP', PV1))
    expect(ofType(visits, 'Encounter').map(({ resource }) => resource)).toMatchObject([
      { status: 'entered-in-error', identifier: [{ value: 'V2' }] },
      { identifier: [{ value: 'V2', use: 'old' }, { value: 'V1' }] },
    ])
    expect(visits.reassignments).toMatchObject([
      { does: 'merge', type: 'Encounter', from: idOf('Encounter', 'V2'), to: idOf('Encounter', 'V1') },
    ])
  })

  test('a move names where something was, and does not write it', () => {
    const account = map(message(header('A44'), EVN, pid('1', 'A1^^^HOSP'), 'MRG|2^^^HOSP^PI||A1^^^HOSP'))
    expect(ofType(account, 'Patient').map(({ id }) => id)).toEqual([patient('1')])
    expect(account.reassignments).toMatchObject([
      { does: 'move', from: patient('2'), to: patient('1'), what: { type: 'Account' } },
    ])
    expect(account.named).toEqual([
      {
        type: 'Patient',
        id: patient('2'),
        identifiers: [{ system: 'urn:passerelle:ns:HOSP', value: '2' }],
      },
    ])
    const visit = map(message(header('A45'), EVN, pid('1', 'A1^^^HOSP'), 'MRG|2^^^HOSP^PI||A2^^^HOSP', PV1))
    expect(visit.reassignments.map(({ does, type }) => `${does} ${type}`)).toEqual([
      'move Patient',
      'move Account',
    ])
    expect(only(visit, 'Encounter').resource).toMatchObject({
      subject: { reference: `Patient/${patient('1')}` },
      account: [{ reference: `Account/${only(visit, 'Account').id}` }],
    })
  })

  test('a number that is moved is the one that both are called by, and names neither of the two', () => {
    const both = (other: string) => `7^^^HOSP^PI~${other}^^^HOSP^PI`
    const mapped = map(message(header('A43'), EVN, `PID|1||${both('1')}||DUPONT^Marie`, `MRG|${both('2')}`))
    const number = { system: 'urn:passerelle:ns:HOSP', value: '7' }
    expect(only(mapped, 'Patient').resource).toMatchObject({
      id: patient('1'),
      identifier: [{ value: '7' }, { value: '1' }],
    })
    expect(mapped.reassignments).toEqual([
      {
        does: 'move-number',
        type: 'Patient',
        from: patient('7'),
        to: patient('1'),
        number,
        stays: [{ ...number, value: '2' }],
      },
    ])
    expect(mapped.named).toEqual([{ type: 'Patient', id: patient('7'), identifiers: [number] }])
  })

  test('where the two have no number in common that of MRG-1 is moved', () => {
    const mapped = map(message(header('A43'), EVN, pid('1'), 'MRG|2^^^HOSP^PI'))
    expect(mapped.reassignments).toMatchObject([
      { does: 'move-number', from: patient('2'), to: patient('1'), number: { value: '2' } },
    ])
  })

  test('a changed number is the old one of the same record', () => {
    const mapped = map(message(header('A47'), EVN, pid('1'), 'MRG|2^^^HOSP^PI'))
    expect(only(mapped, 'Patient').resource).toMatchObject({
      identifier: [{ value: '1' }, { value: '2', use: 'old' }],
    })
    expect(mapped.reassignments).toEqual([
      { does: 'change', type: 'Patient', from: patient('2'), to: patient('1') },
    ])
  })

  test('linked patients see each other, and are parted again', () => {
    const linked = map(message(header('A24'), EVN, pid('1'), pid('2')))
    expect(ofType(linked, 'Patient').map(({ resource }) => resource['link'])).toEqual([
      [{ type: 'seealso', other: { reference: `Patient/${patient('2')}` } }],
      [{ type: 'seealso', other: { reference: `Patient/${patient('1')}` } }],
    ])
    const parted = map(message(header('A37'), EVN, pid('1'), pid('2')))
    expect(parted.reassignments).toEqual([
      { does: 'unlink', type: 'Patient', from: patient('2'), to: patient('1') },
    ])
  })

  test.each('A18 A24 A30 A34 A35 A36 A37 A39 A40 A41 A42 A43 A44 A45 A46 A47 A48 A49 A50 A51'.split(' '))(
    'what %s makes is valid and refers to nothing else',
    (event) => {
      const second =
        event === 'A24' || event === 'A37' ? pid('2') : 'MRG|2^^^HOSP^PI||A2^^^HOSP||V2^^^HOSP|X2^^^HOSP'
      const mapped = map(message(header(event), EVN, pid('1', 'A1^^^HOSP'), second, PV1))
      expect(problems(mapped)).toEqual([])
      expect(dangling(mapped)).toEqual([])
      const expected = ['segment-unexpected', 'namespace-not-registered']
      expect(mapped.warnings.filter(({ code }) => !expected.includes(code))).toEqual([])
    },
  )
})

test.each(['merge Patient[1]', 'move Account[1] from Patient[2]', 'merge Account[2] into Patient[1]'])(
  'the compiler refuses "%s"',
  (text) => {
    expect(() => parseReassignment(text)).toThrow(/is no|is not|are not/)
  },
)
