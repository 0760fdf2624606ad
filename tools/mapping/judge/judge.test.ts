/** The measuring stick itself: it must see what is missing, what is wrong, and nothing else. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compareBundles } from './facts.ts'
import { makeJudge } from './verdict.ts'

const bundle = (...resources: readonly object[]) =>
  ({
    resourceType: 'Bundle',
    entry: resources.map((resource) => ({ resource })),
  }) as never

const patient = (id: string, family: string, value: string) => ({
  resourceType: 'Patient',
  id,
  identifier: [{ value }],
  name: [{ family }],
})

test('ids do not count, and the pair is found by its identifiers', () => {
  const expected = bundle(patient('a', 'ONE', '1'), patient('b', 'TWO', '2'))
  const actual = bundle(patient('x', 'TWO', '2'), patient('y', 'ONE', '1'))
  expect(compareBundles(expected, actual)).toEqual([{ type: 'Patient', expected: 4, found: 4, missing: [] }])
})

test('a reference counts when it leads to the partner of what it should lead to', () => {
  const observation = (id: string, subject: string) => ({
    resourceType: 'Observation',
    id,
    code: { text: 'Hb' },
    subject: { reference: `Patient/${subject}` },
  })
  const expected = bundle(patient('a', 'ONE', '1'), patient('b', 'TWO', '2'), observation('o', 'b'))
  const right = bundle(patient('x', 'ONE', '1'), patient('y', 'TWO', '2'), observation('p', 'y'))
  const wrong = bundle(patient('x', 'ONE', '1'), patient('y', 'TWO', '2'), observation('p', 'x'))
  const found = (actual: never) => compareBundles(expected, actual).find(({ type }) => type === 'Observation')
  expect(found(right)?.missing).toEqual([])
  expect(found(wrong)?.missing).toEqual(['Observation.subject = "Patient"'])
})

test('times are moments, and what is missing is named', () => {
  const report = (issued: string, status: string) =>
    bundle({ resourceType: 'DiagnosticReport', issued, status })
  expect(
    compareBundles(report('2026-01-01T12:00:00Z', 'final'), report('2026-01-01T13:00:00+01:00', 'partial')),
  ).toEqual([
    { type: 'DiagnosticReport', expected: 2, found: 1, missing: ['DiagnosticReport.status = "final"'] },
  ])
})

test('a message is converted, kept or held, and fields that are nowhere are named', async () => {
  const judge = await makeJudge(fileURLToPath(new URL('../../../config/mapping/', import.meta.url)))
  const verdict = (text: string) => judge({ name: 'x', raw: Buffer.from(text), expected: undefined })
  const converted = verdict(
    'MSH|^~\\&|A|B|||20260101||ADT^A04|1|P|2.5\rPID|||1^^^H||DOE^JANE||||||||||||||||||||||PAPER',
  )
  expect(converted).toMatchObject({ outcome: 'converted', invalid: [], dangling: [] })
  expect(converted.unsaid).toContainEqual({ path: 'PID-27.1', text: 'PAPER' })
  expect(verdict('MSH|^~\\&|A|B|||20260101||ZZZ^Z99|1|P|2.5')).toMatchObject({ outcome: 'kept' })
  expect(verdict('PID|||1')).toMatchObject({ outcome: 'held', reason: 'hl7-no-header' })
})
