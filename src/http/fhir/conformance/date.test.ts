/** Date parameters on each date type, with each prefix. https://hl7.org/fhir/R4/search.html#date, #prefix */
import { judge, type Sample } from './judge.ts'

const observation = (id: string, effective: Record<string, unknown>): Sample => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'x' },
  ...effective,
})

// The tenant's zone is Europe/Paris: a local day of summer begins at 22:00Z, one of winter at 23:00Z.
const SAMPLES: readonly Sample[] = [
  observation('year', { effectiveDateTime: '2018' }),
  observation('month', { effectiveDateTime: '2018-10' }),
  observation('day', { effectiveDateTime: '2018-10-29' }),
  observation('second', { effectiveDateTime: '2018-10-29T17:12:44+01:00' }),
  observation('milli', { effectiveInstant: '2018-10-29T16:12:44.250Z' }),
  observation('period', {
    effectivePeriod: { start: '2018-10-29T17:12:00+01:00', end: '2018-10-29T17:18:00+01:00' },
  }),
  observation('days', { effectivePeriod: { start: '2018-10-20', end: '2018-11-05' } }),
  observation('open', { effectivePeriod: { start: '2018-10-29' } }),
  observation('until', { effectivePeriod: { end: '2018-10-29' } }),
  observation('timing', {
    effectiveTiming: { event: ['2018-10-31', '2018-10-28T10:00:00+01:00'], code: { text: 'x' } },
  }),
  observation('bounds', {
    effectiveTiming: { repeat: { boundsPeriod: { start: '2018-10-01', end: '2018-10-31' }, frequency: 1 } },
  }),
  observation('later', { effectiveDateTime: '2019-01-01' }),
  observation('none', {}),
]

const all = 'bounds day days later milli month open period second timing until year'.split(' ')
const but = (...ids: readonly string[]) => all.filter((id) => !ids.includes(id)).join(' ')

judge('dates', SAMPLES, [
  // eq: "the range of the search value fully contains the range of the target value"
  ['Observation?date=2018-10-29', 'day milli period second'],
  ['Observation?date=eq2018-10-29', 'day milli period second'],
  ['Observation?date=2018-10', 'bounds day milli month period second timing'],
  ['Observation?date=2018', 'bounds day days milli month period second timing year'],
  ['Observation?date=2018-10-29T17:12', 'milli second'],
  ['Observation?date=2018-10-29T17:12:44', 'milli second'],
  ['Observation?date=2018-10-29T17:12:44+01:00', 'milli second'],
  ['Observation?date=2018-10-29T16:12:44Z', 'milli second'],
  ['Observation?date=2018-10-29T11:12:44-05:00', 'milli second'],
  ['Observation?date=2018-10-29T17:12:44.250', 'milli'],
  ['Observation?date=2018-10-29T17:12:44.251', ''],
  ['Observation?date=2018-10-28', ''],
  ['Observation?date=2019-01-01', 'later'],
  // ne: the same turned round; what has no date has no value that could be unequal
  ['Observation?date=ne2018-10-29', but('day', 'milli', 'period', 'second')],
  ['Observation?date=ne2018', 'later open until'],
  // gt, lt: "the range above (below) the search value intersects with the range of the target value"
  ['Observation?date=gt2018', 'later open'],
  ['Observation?date=gt2018-10-29', 'bounds days later month open timing year'],
  ['Observation?date=gt2018-10-28', but()],
  ['Observation?date=gt2018-10-29T17:12:44', but('milli', 'second')],
  ['Observation?date=lt2018', 'until'],
  ['Observation?date=lt2018-10-29', 'bounds days month timing until year'],
  ['Observation?date=lt2018-10-30', but('later')],
  ['Observation?date=lt2018-10-29T17:12:44', 'bounds day days month open period timing until year'],
  // ge, le: "The specified value and up" (down), or it contains the target
  ['Observation?date=ge2018-10-29', but()],
  ['Observation?date=ge2018-10-30', 'bounds days later month open timing year'],
  ['Observation?date=ge2018-10-31', 'bounds days later month open timing year'],
  ['Observation?date=ge2018-11-05', 'days later open year'],
  ['Observation?date=ge2018-11-05T12:00:00', 'days later open year'],
  ['Observation?date=ge2018-11-06', 'later open year'],
  ['Observation?date=ge2018-10-29T17:18:00', but('milli', 'second')],
  ['Observation?date=ge2018-10-29T17:18:01', but('milli', 'period', 'second')],
  ['Observation?date=ge2019', 'later open'],
  ['Observation?date=le2018-10-29', but('later')],
  ['Observation?date=le2018-10-28', 'bounds days month timing until year'],
  ['Observation?date=le2018-10-19', 'bounds month until year'],
  ['Observation?date=le2018-10-20', 'bounds days month until year'],
  ['Observation?date=le2018-10-20T12:00:00', 'bounds days month until year'],
  ['Observation?date=le2018-10-29T17:12:00', 'bounds day days month open period timing until year'],
  ['Observation?date=le2017', 'until'],
  // sa, eb: no overlap
  ['Observation?date=sa2018-10-28', 'day later milli open period second'],
  ['Observation?date=sa2018-10-29', 'later'],
  ['Observation?date=sa2018-10-29T17:11', 'later milli period second'],
  ['Observation?date=eb2018-10-30', 'day milli period second until'],
  ['Observation?date=eb2018-11', 'bounds day milli month period second timing until'],
  ['Observation?date=eb2018-10-29', ''],
  ['Observation?date=eb2018-10-29T17:19', 'milli period second'],
  // ap: the gap between now and the date is years, so a tenth of it is months
  ['Observation?date=ap2018-10-29', but()],
  ['Observation?date=ap1990-01-01', 'until'],
  // and, or
  ['Observation?date=ge2018-10-29&date=lt2018-10-30&date:missing=false', but('later')],
  ['Observation?date=2018-10-29,2019-01-01', 'day later milli period second'],
  ['Observation?date=lt2018,gt2018', 'later open until'],
  ['Observation?date:missing=true', 'none'],
  ['Observation?date:missing=false', but()],
  // what is no date
  ['Observation?date=2018-13', 400],
  ['Observation?date=2018-02-30', 400],
  ['Observation?date=2018-10-29T17', 400],
  ['Observation?date=23 May 2009', 400],
  ['Observation?date=xx2018', 400],
  ['Observation?date=20181029', 400],
  ['Observation?date:exact=2018', 400],
  ['Observation?date:text=1995', 400],
  ['Observation?date:missing=maybe', 400],
])
