import { expect, test } from 'vitest'
import type { GroupPlace, SegmentPlace, Structure } from '../program.ts'
import { message } from '../testing/compiled.ts'
import { groupSegments, type GroupNode, type SegmentNode } from './groups.ts'

const segment = (name: string, repeats = false): SegmentPlace => ({
  kind: 'segment',
  name,
  repeats,
  rules: [],
})
const group = (name: string, repeats: boolean, ...children: (SegmentPlace | GroupPlace)[]): GroupPlace => ({
  kind: 'group',
  name,
  repeats,
  children,
})

/** PATIENT{PID NTE*} ORDER*{ORC OBR NTE* RESULT*{OBX NTE*} TUBE*{SPM OBX*}} */
const structure: Structure = {
  name: 'TEST',
  scopes: new Map(),
  root: group(
    'TEST',
    false,
    segment('MSH'),
    group('PATIENT', false, segment('PID'), segment('PD1'), segment('NTE', true)),
    group(
      'ORDER',
      true,
      segment('ORC'),
      segment('OBR'),
      segment('NTE', true),
      group('RESULT', true, segment('OBX'), segment('NTE', true)),
      group('TUBE', true, segment('SPM'), segment('OBX', true)),
    ),
  ),
}

/** The segments in brackets of their groups: `MSH PATIENT(PID) ORDER(OBR RESULT(OBX))`. */
function shape(...names: readonly string[]): string {
  const { segments } = { segments: message('MSH|^~\\&', ...names.map((name) => `${name}|`)).segments() }
  const grouped = groupSegments(structure, segments)
  const print = (node: GroupNode | SegmentNode): string =>
    node.kind === 'segment' ? node.segment.name : `${node.place.name}(${node.children.map(print).join(' ')})`
  const rest = [
    ...grouped.outOfOrder.map(({ name }) => `late ${name}`),
    ...grouped.unexpected.map(({ name }) => `no ${name}`),
  ]
  return [...grouped.root.children.map(print), ...rest].join(' ')
}

test('segments are sorted into their groups', () => {
  expect(shape('PID', 'ORC', 'OBR', 'OBX', 'NTE', 'OBX', 'SPM')).toBe(
    'MSH PATIENT(PID) ORDER(ORC OBR RESULT(OBX NTE) RESULT(OBX) TUBE(SPM))',
  )
})

test('a group may begin without its optional first segment', () => {
  expect(shape('PID', 'OBR', 'OBX', 'OBR', 'OBX')).toBe(
    'MSH PATIENT(PID) ORDER(OBR RESULT(OBX)) ORDER(OBR RESULT(OBX))',
  )
})

test('a note belongs to what stands before it', () => {
  expect(shape('PID', 'NTE', 'OBR', 'NTE', 'OBX', 'NTE')).toBe(
    'MSH PATIENT(PID NTE) ORDER(OBR NTE RESULT(OBX NTE))',
  )
})

test('an OBX after a specimen belongs to the specimen', () => {
  expect(shape('OBR', 'OBX', 'SPM', 'OBX', 'OBX')).toBe('MSH ORDER(OBR RESULT(OBX) TUBE(SPM OBX OBX))')
})

test('what comes too late is taken where it belongs, and named', () => {
  expect(shape('PID', 'NTE', 'PD1', 'OBR')).toBe('MSH PATIENT(PID NTE PD1) ORDER(OBR) late PD1')
})

test('what belongs nowhere is named', () => {
  expect(shape('PID', 'GT1', 'OBR', 'ZZZ')).toBe('MSH PATIENT(PID) ORDER(OBR) no GT1 no ZZZ')
})
