import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isObject, type Json, parseExactObject } from '../../kernel/json.ts'
import { moveAttachments } from './attachments.ts'
import { dangling, map, message, ofType, only, problems } from './testing/compiled.ts'

const PDF = Buffer.from('%PDF-1.4\n'.repeat(40))
const MSH = (type: string) => `MSH|^~\\&|A|B|||20260310||${type}|1|P|2.5`
const report = (switches: Record<string, string> = {}) =>
  map(
    message(
      MSH('ORU^R01'),
      'PID|||1^^^C||D',
      'OBR|1||F1|R^Report^L|||20260310',
      `OBX|1|ED|PDF^Report^L||^application^pdf^Base64^${PDF.toString('base64')}||||||F`,
      'OBX|2|NM|HB^Hb^L||13.10|g/dL|||||F',
    ),
    { switches },
  )
const document = () =>
  map(
    message(
      MSH('MDM^T02'),
      'PID|||1^^^C||D',
      'TXA|1|DS|AP|20260310||||||||DOC1^X',
      `OBX|1|ED|PDF^Report^L||^application^pdf^Base64^${PDF.toString('base64')}||||||F`,
    ),
  )
const large = { tenantKey: 'demo', maxBytes: 100 }
const described = { size: PDF.length, hash: createHash('sha1').update(PDF).digest('base64') }

describe('an attachment', () => {
  test('that is small enough stays where it is, with its size and hash', () => {
    const moved = moveAttachments(document(), { ...large, maxBytes: PDF.length })
    const { resource } = only(moved, 'DocumentReference')
    expect(resource['content']).toMatchObject([
      { attachment: { ...described, data: PDF.toString('base64') } },
    ])
    expect(ofType(moved, 'Binary')).toEqual([])
  })

  test('of a document that is too large is a Binary that its url leads to', () => {
    const moved = moveAttachments(document(), large)
    const { resource } = only(moved, 'DocumentReference')
    const binary = only(moved, 'Binary')
    expect(resource['content']).toEqual([
      {
        attachment: {
          contentType: 'application/pdf',
          title: 'Report',
          ...described,
          url: `Binary/${binary.id}`,
        },
      },
    ])
    expect(binary.resource).toMatchObject({
      contentType: 'application/pdf',
      data: PDF.toString('base64'),
      securityContext: { reference: `DocumentReference/${String(resource['id'])}` },
      meta: { source: 'urn:passerelle:lab#1' },
    })
    expect([...problems(moved), ...dangling(moved)]).toEqual([])
  })

  test('leaves the digits of the numbers beside it', () => {
    const mapped = document()
    const resources = mapped.resources.map((each) => ({
      ...each,
      exact: { ...each.exact, ...parseExactObject('{"factor":1.10}').exact },
    }))
    const { exact } = only(
      moveAttachments({ ...mapped, resources }, { ...large, maxBytes: PDF.length }),
      'DocumentReference',
    )
    expect(JSON.stringify(exact['factor'])).toBe('1.10')
  })

  test.each([{}, { attachment: 'document' }])(
    'of an observation becomes a document that it is derived from: %j',
    (switches) => {
      const moved = moveAttachments(report(switches as Record<string, string>), large)
      const { id, resource } = only(moved, 'DocumentReference')
      expect(resource).toMatchObject({
        status: 'current',
        content: [{ attachment: { ...described, url: `Binary/${only(moved, 'Binary').id}` } }],
      })
      const [pdf] = ofType(moved, 'Observation')
      expect(pdf!.resource['derivedFrom']).toEqual([{ reference: `DocumentReference/${id}` }])
      expect(pdf!.resource['extension']).toBeUndefined()
      expect([...problems(moved), ...dangling(moved)]).toEqual([])
    },
  )

  test('of a report is the Binary of its result', () => {
    const moved = moveAttachments(report(), large)
    expect(only(moved, 'DiagnosticReport').resource['presentedForm']).toEqual([
      {
        contentType: 'application/pdf',
        title: 'Report',
        ...described,
        url: `Binary/${only(moved, 'Binary').id}`,
      },
    ])
  })

  test('is the same Binary when it comes again, and the Provenance names it', () => {
    const [first, second] = [moveAttachments(report(), large), moveAttachments(report(), large)]
    expect(first).toEqual(second)
    const targets = (only(first, 'Provenance').resource['target'] as Json[]).map((each) =>
      isObject(each) ? each['reference'] : undefined,
    )
    expect(targets).toContain(`Binary/${only(first, 'Binary').id}`)
    expect(targets).toContain(`DocumentReference/${only(first, 'DocumentReference').id}`)
  })

  test('takes nothing from the digits of other results', () => {
    const [, hb] = ofType(moveAttachments(report(), large), 'Observation')
    expect(JSON.stringify(hb!.exact)).toContain('13.10')
  })
})

describe('lines of one text', () => {
  const lines = (type: string, switches: Record<string, string>, ...obx: string[]) =>
    map(
      message(
        MSH(type),
        'PID|||1^^^C||D',
        type.startsWith('MDM') ? 'TXA|1|DS|TX||||||||||DOC1^X' : 'OBR|1||F1|R^R^L',
        ...obx,
      ),
      {
        switches,
      },
    )
  const OBX = [
    'OBX|1|TX|R^Text^L|1|First',
    'OBX|2|TX|R^Text^L|1|',
    'OBX|3|TX|R^Text^L|1|Third~Fourth',
    'OBX|4|TX|Q^Other^L|1|Else',
  ]
  const values = (switches: Record<string, string>) =>
    ofType(lines('ORU^R01', switches, ...OBX), 'Observation').map(({ resource }) => resource['valueString'])

  test('are one value where the channel says so', () => {
    expect(values({ 'text-lines': 'joined' })).toEqual(['First\n\nThird\nFourth', 'Else'])
  })

  test('are observations of their own in results unless it does', () => {
    expect(ofType(lines('ORU^R01', {}, ...OBX), 'Observation')).toHaveLength(4)
  })

  test('are one attachment of a document', () => {
    const { resource } = only(lines('MDM^T02', {}, ...OBX), 'DocumentReference')
    const texts = (resource['content'] as { attachment: { data: string } }[]).map(({ attachment }) =>
      Buffer.from(attachment.data, 'base64').toString(),
    )
    expect(texts).toEqual(['First\n\nThird\nFourth', 'Else'])
  })
})
