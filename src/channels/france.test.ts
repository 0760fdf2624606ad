/** A hospital's feed of IHE PAM France through a channel with the preset: door, journal, tables, store. Invented people. */
import { expect, test } from 'vitest'

import { encodeText } from '../hl7/index.ts'
import { withPipeline } from './pipeline.fixture.ts'
import { presetChannel } from './testing.ts'

const channel = await presetChannel('preset: france\n')
const CHP = 'CHP&1.2.250.1.99.7&ISO'
const INS = '284067500112233^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS'

interface Said {
  readonly event: string
  /** Hour and minute of 10 March 2026. */
  readonly at: string
  readonly person?: string
  readonly ipp?: string
  readonly status?: string
  readonly bed?: string
  readonly leaves?: string
  readonly more?: readonly string[]
}

/** In ISO 8859-15, as MSH-18 says. */
function adt({
  event,
  at,
  person,
  ipp = 'IPP1',
  status = 'PROV',
  bed = '1',
  leaves = '',
  more = [],
}: Said): Buffer {
  const time = `20260310${at}00`
  const identity = person ?? 'LEFÈVRE^CAMILLE^CAMILLE ROSE^^^^L'
  const visit = `UH31^204^${bed}${'|'.repeat(16)}VN${ipp}^^^${CHP}^VN${'|'.repeat(25)}20260310080000|${leaves}`
  const text = [
    `MSH|^~\\&|GAM|CHP|PASSERELLE|CHP|${time}||ADT^${event}|${ipp}-${event}-${at}|P|2.5^FRA^2.11|||||FRA|8859/15`,
    `EVN||${time}||||${time}`,
    `PID|||${ipp}^^^${CHP}^PI~${INS}||${identity}||19840612|F${'|'.repeat(10)}NDA${ipp}^^^${CHP}^AN${'|'.repeat(14)}${status}`,
    event === 'A28' || event === 'A31' ? 'PV1||N' : `PV1||I|${visit}`,
    ...more,
    '',
  ].join('\r')
  return encodeText(text, 'iso-8859-15')
}

const zbe = (movement: string, at: string, action = 'INSERT', original = '') =>
  `ZBE|${movement}^CHP^1.2.250.1.99.7^ISO|20260310${at}00||${action}|N|${original}|CARDIOLOGIE^^^^^${CHP}^UF^^^4220||HMS`

const FEED = [
  adt({ event: 'A28', at: '0750' }),
  adt({ event: 'A01', at: '0800', more: [zbe('M1', '0800'), 'ZFM|8'] }),
  adt({ event: 'A02', at: '0900', bed: '2', more: [zbe('M2', '0900')] }),
  adt({ event: 'Z99', at: '0915', bed: '3', more: [zbe('M2', '0910', 'UPDATE', 'A02')] }),
  adt({ event: 'A02', at: '1000', bed: '4', more: [zbe('M3', '1000')] }),
  adt({ event: 'A12', at: '1010', bed: '3', more: [zbe('M3', '1000', 'CANCEL', 'A02')] }),
  adt({ event: 'A03', at: '1200', bed: '3', leaves: '20260310120000', more: [zbe('M4', '1200'), 'ZFM||8'] }),
]

test('an admission, its movements and the exit are one visit with four movements, also when all comes twice', () =>
  withPipeline(channel, async ({ send, bodies, versions, database: { ownerQuery } }) => {
    for (const message of FEED) expect(await send(message)).toBe('AA')
    const states = await ownerQuery('select distinct state, last_error from passerelle.message')
    expect(states).toEqual([{ state: 'done', last_error: null }])
    expect(await bodies('Patient')).toMatchObject([{ name: [{ family: 'LEFÈVRE' }] }])
    const encounters = await bodies('Encounter')
    const [visit, ...others] = encounters.filter(({ partOf }) => partOf === undefined)
    expect(others).toEqual([])
    expect(visit).toMatchObject({
      status: 'finished',
      period: { start: '2026-03-10T08:00:00+01:00', end: '2026-03-10T12:00:00+01:00' },
      hospitalization: { dischargeDisposition: { coding: [{ code: '8' }] } },
    })
    const movements = encounters
      .filter(({ partOf }) => partOf !== undefined)
      .map(({ identifier, status, period }) => {
        const [{ value }] = identifier as [{ value: string }]
        return `${value} ${String(status)} ${(period as { start: string }).start.slice(11, 16)}`
      })
    expect(movements.toSorted()).toEqual([
      'M1 in-progress 08:00',
      'M2 in-progress 09:10',
      'M3 cancelled 10:00',
      'M4 finished 12:00',
    ])
    const before = await versions()
    for (const message of FEED) expect(await send(message)).toBe('AA')
    expect(await versions()).toEqual(before)
  }))

test('an INS that is not qualified brings nobody together; once it is, it is the patient’s', () =>
  withPipeline(channel, async ({ send, bodies }) => {
    const twin = { ipp: 'IPP2', person: 'LEFÈVRE^CAMILA^CAMILA^^^^L' }
    await send(adt({ event: 'A28', at: '0750' }))
    await send(adt({ event: 'A28', at: '0755', ...twin }))
    const names = (await bodies('Patient')).map(({ name }) => (name as [{ given: string[] }])[0].given[0])
    expect(new Set(names)).toEqual(new Set(['CAMILA', 'CAMILLE']))

    await send(adt({ event: 'A31', at: '0830', status: 'VALI' }))
    const [first] = (await bodies('Patient')).filter(({ name }) => JSON.stringify(name).includes('CAMILLE'))
    const ins = (first!['identifier'] as { value: string }[]).filter(
      ({ value }) => value === INS.slice(0, 15),
    )
    expect(ins).toMatchObject([{ use: 'official', type: { coding: [{ code: 'INS-NIR' }] } }])
    expect(JSON.stringify(first!['extension'])).toContain('"VALI"')
    expect(JSON.stringify(first!['extension'])).not.toContain('"PROV"')
  }))
