/**
 * Lines of one text that a sender puts into an OBX each: reports of radiology and pathology, dictated documents. Where the
 * switch `text-lines` says so, neighbours of one type, code and sub-id are one text with a line for each.
 */
import type { Hl7Segment } from '../../../hl7/index.ts'
import { textValue, type FieldReader } from './value.ts'

const TEXTS = new Set(['ST', 'TX', 'FT'])

export interface JoinedTexts {
  /** Without those whose text stands in an earlier one. */
  readonly segments: readonly Hl7Segment[]
  readonly read: FieldReader
}

export function joinTexts(segments: readonly Hl7Segment[], read: FieldReader): JoinedTexts {
  const kept: Hl7Segment[] = []
  const lines = new Map<Hl7Segment, Hl7Segment[]>()
  let first: Hl7Segment | undefined
  for (const segment of segments) {
    if (first !== undefined && continues(first, segment)) {
      lines.set(first, [...(lines.get(first) ?? [first]), segment])
      continue
    }
    kept.push(segment)
    first = isText(segment) ? segment : undefined
  }
  const texts = new Map(
    [...lines].map(([segment, all]) => [
      segment,
      [
        textValue(
          all
            .flatMap((each) =>
              read(each, 5)
                .map(({ whole }) => whole ?? '')
                .join('\n'),
            )
            .join('\n'),
        ),
      ],
    ]),
  )
  return {
    segments: kept,
    read: (segment, field) => (field === 5 ? texts.get(segment) : undefined) ?? read(segment, field),
  }
}

function isText(segment: Hl7Segment): boolean {
  return segment.name === 'OBX' && TEXTS.has(segment.field(2).value?.trim() ?? '')
}

function continues(first: Hl7Segment, next: Hl7Segment): boolean {
  return isText(next) && [2, 3, 4].every((field) => first.field(field).raw === next.field(field).raw)
}
