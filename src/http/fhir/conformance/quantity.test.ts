/** Quantity parameters on each type of quantity, with units and without. https://hl7.org/fhir/R4/search.html#quantity */
import { judge, type Sample } from './judge.ts'

const UCUM = 'http://unitsofmeasure.org'
const observation = (id: string, quantity: string): Sample =>
  `{"resourceType":"Observation","id":"${id}","status":"final","code":{"text":"x"},"valueQuantity":${quantity}}`
const ucum = (value: string, code: string, more = '') =>
  `{"value":${value},"unit":"${code}","system":"${UCUM}","code":"${code}"${more}}`
const own = (value: string, code: string) => `{"value":${value},"system":"urn:units","code":"${code}"}`
const condition = (id: string, onset: Record<string, unknown>): Sample => ({
  resourceType: 'Condition',
  id,
  subject: { display: 'x' },
  ...onset,
})
const age = (value: number) => ({ value, unit: 'years', system: UCUM, code: 'a' })

judge(
  'quantities',
  [
    observation('mg', ucum('5.4', 'mg')),
    observation('exact', ucum('5.40', 'mg')),
    observation('grams', ucum('0.0054', 'g')),
    observation('heavier', ucum('6', 'mg')),
    observation('seconds', `{"value":25,"unit":"sec","system":"${UCUM}","code":"s"}`),
    observation('minute', ucum('1', 'min')),
    observation('fever', ucum('39', 'Cel')),
    observation('hot', ucum('102.2', '[degF]')),
    observation('unitary', '{"value":5.4,"unit":"mg"}'),
    observation('bare', '{"value":5.4}'),
    observation('unit1', own('5', 'unit1')),
    observation('unit2', own('5', 'unit2')),
    observation('less', ucum('3', 'U/L', ',"comparator":"<"')),
    observation('atLeast', ucum('3', 'U/L', ',"comparator":">="')),
    observation('exponent', ucum('1.2e2', 'mm')),
    observation('valueless', `{"unit":"mg"}`),
    {
      resourceType: 'Observation',
      id: 'sampled',
      status: 'final',
      code: { text: 'x' },
      valueSampledData: {
        origin: { value: 0, unit: 'mV', system: UCUM, code: 'mV' },
        period: 10,
        dimensions: 1,
        data: '1 2 3',
      },
    },
    condition('young', { onsetAge: age(7) }),
    condition('old', { onsetAge: age(70) }),
    condition('between', { onsetRange: { low: age(5), high: age(10) } }),
    condition('fromFive', { onsetRange: { low: age(5) } }),
    condition('months', { onsetAge: { value: 84, unit: 'months', system: UCUM, code: 'mo' } }),
    {
      resourceType: 'Invoice',
      id: 'euros',
      status: 'issued',
      totalNet: { value: 12.5, currency: 'EUR' },
    },
    {
      resourceType: 'Invoice',
      id: 'dollars',
      status: 'issued',
      totalNet: { value: 12.5, currency: 'USD' },
    },
    {
      resourceType: 'Encounter',
      id: 'hour',
      status: 'finished',
      class: { code: 'AMB' },
      length: { value: 60, unit: 'min', system: UCUM, code: 'min' },
    },
  ],
  [
    // "5.4(+/-0.05) mg", in canonical units
    [`Observation?value-quantity=5.4|${UCUM}|mg`, 'exact grams mg'],
    [`Observation?value-quantity=5.40|${UCUM}|mg`, 'exact grams mg'],
    [`Observation?value-quantity=5.40e-3|${UCUM}|g`, 'exact grams mg'],
    [`Observation?value-quantity=5400|${UCUM}|ug`, 'exact grams mg'],
    [`Observation?value-quantity=5|${UCUM}|mg`, 'exact grams mg'],
    [`Observation?value-quantity=5.5|${UCUM}|mg`, ''],
    [`Observation?value-quantity=5.4|${UCUM}|g`, ''],
    [`Observation?value-quantity=5.4|${UCUM}|mL`, ''],
    // "either the code or the stated human unit are mg"
    ['Observation?value-quantity=5.4||mg', 'exact mg unitary'],
    ['Observation?value-quantity=25||s', 'seconds'],
    ['Observation?value-quantity=25||sec', 'seconds'],
    [`Observation?value-quantity=25|${UCUM}|sec`, ''],
    [`Observation?value-quantity=60|${UCUM}|s`, 'minute'],
    [`Observation?value-quantity=gt0.1|${UCUM}|min`, 'minute seconds'],
    // "irrespective of the unit"
    ['Observation?value-quantity=5.4', 'bare exact mg unitary'],
    ['Observation?value-quantity=5.4||', 'bare exact mg unitary'],
    ['Observation?value-quantity=25', 'seconds'],
    // the system alone, as for tokens
    ['Observation?value-quantity=5|urn:units|', 'unit1 unit2'],
    ['Observation?value-quantity=5|urn:units', 'unit1 unit2'],
    ['Observation?value-quantity=5|urn:units|unit1', 'unit1'],
    ['Observation?value-quantity=5||unit2', 'unit2'],
    ['Observation?value-quantity=5|urn:other|unit1', ''],
    // degrees
    [`Observation?value-quantity=39|${UCUM}|Cel`, 'fever hot'],
    [`Observation?value-quantity=gt100|${UCUM}|[degF]`, 'fever hot'],
    // prefixes
    [`Observation?value-quantity=gt5.4|${UCUM}|mg`, 'heavier'],
    [`Observation?value-quantity=ge5.4|${UCUM}|mg`, 'exact grams heavier mg'],
    [`Observation?value-quantity=lt5.4|${UCUM}|mg`, ''],
    [`Observation?value-quantity=le5.4|${UCUM}|mg`, 'exact grams mg'],
    [`Observation?value-quantity=lt0.006|${UCUM}|g`, 'exact grams mg'],
    [`Observation?value-quantity=ne5.4|${UCUM}|mg`, 'heavier'],
    [`Observation?value-quantity=sa5.4|${UCUM}|mg`, 'heavier'],
    [`Observation?value-quantity=eb5.41|${UCUM}|mg`, 'exact grams mg'],
    [`Observation?value-quantity=ap5.8|${UCUM}|mg`, 'exact grams heavier mg'],
    [`Observation?value-quantity=ap6.6|${UCUM}|mg`, 'heavier'],
    [`Observation?value-quantity=gt5|${UCUM}|mg&value-quantity=lt5.5|${UCUM}|mg`, 'exact grams mg'],
    [`Observation?value-quantity=25||s,6||mg`, 'heavier seconds'],
    // comparators of the resource: the value is anything below, or above
    [`Observation?value-quantity=lt2|${UCUM}|U/L`, 'less'],
    [`Observation?value-quantity=gt2|${UCUM}|U/L`, 'atLeast less'],
    [`Observation?value-quantity=gt3|${UCUM}|U/L`, 'atLeast'],
    [`Observation?value-quantity=ge3|${UCUM}|U/L`, 'atLeast'],
    [`Observation?value-quantity=le3|${UCUM}|U/L`, 'atLeast less'],
    [`Observation?value-quantity=lt3|${UCUM}|U/L`, 'less'],
    [`Observation?value-quantity=3|${UCUM}|U/L`, ''],
    [`Observation?value-quantity=sa2|${UCUM}|U/L`, 'atLeast'],
    [`Observation?value-quantity=eb4|${UCUM}|U/L`, 'less'],
    [`Observation?value-quantity=ne3|${UCUM}|U/L`, 'atLeast less'],
    // exponents
    [`Observation?value-quantity=120|${UCUM}|mm`, 'exponent'],
    [`Observation?value-quantity=1.2e2|${UCUM}|mm`, 'exponent'],
    [`Observation?value-quantity=1.2E+2|${UCUM}|mm`, 'exponent'],
    [`Observation?value-quantity=12|${UCUM}|cm`, 'exponent'],
    // samples, from the least to the greatest
    [`Observation?value-quantity=gt2|${UCUM}|mV`, 'sampled'],
    [`Observation?value-quantity=gt3|${UCUM}|mV`, ''],
    // ages and their ranges
    [`Condition?onset-age=7|${UCUM}|a`, 'months young'],
    [`Condition?onset-age=gt7|${UCUM}|a`, 'between fromFive old'],
    [`Condition?onset-age=lt6|${UCUM}|a`, 'between fromFive'],
    [`Condition?onset-age=lt5|${UCUM}|a`, ''],
    [`Condition?onset-age=ge10|${UCUM}|a`, 'between fromFive old'],
    [`Condition?onset-age=eb11|${UCUM}|a`, 'between months young'],
    [`Condition?onset-age=sa4|${UCUM}|a`, 'between fromFive months old young'],
    ['Condition?onset-age:missing=false', 'between fromFive months old young'],
    // money by its currency
    ['Invoice?totalnet=12.5|urn:iso:std:iso:4217|EUR', 'euros'],
    ['Invoice?totalnet=12.5||USD', 'dollars'],
    ['Invoice?totalnet=12.5', 'dollars euros'],
    ['Invoice?totalnet=gt12||EUR', 'euros'],
    // durations
    [`Encounter?length=1|${UCUM}|h`, 'hour'],
    [`Encounter?length=ge3600|${UCUM}|s`, 'hour'],
    // what is none
    ['Observation?value-quantity=abc', 400],
    [`Observation?value-quantity=|${UCUM}|mg`, 400],
    [`Observation?value-quantity=5.4|${UCUM}|mg|x`, 400],
    ['Observation?value-quantity:exact=5', 400],
  ],
)
