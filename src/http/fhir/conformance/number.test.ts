/** Number parameters on integers, decimals and ranges. https://hl7.org/fhir/R4/search.html#number */
import { judge, type Sample } from './judge.ts'

/** As text, so that the decimal is as written. */
const risk = (id: string, prediction: string): Sample =>
  `{"resourceType":"RiskAssessment","id":"${id}","status":"final","subject":{"display":"x"},"prediction":[${prediction}]}`
const decimal = (id: string, value: string) => risk(id, `{"probabilityDecimal":${value}}`)
const range = (id: string, low: string, high: string) =>
  risk(
    id,
    `{"probabilityRange":{"low":{"value":${low},"system":"http://unitsofmeasure.org","code":"%"},"high":{"value":${high},"system":"http://unitsofmeasure.org","code":"%"}}}`,
  )
const sequence = (id: string, start: number, end: number): Sample => ({
  resourceType: 'MolecularSequence',
  id,
  coordinateSystem: 0,
  variant: [{ start, end }],
})

judge(
  'numbers',
  [
    decimal('tiny', '0.002'),
    decimal('half', '0.50'),
    decimal('most', '0.9999'),
    decimal('whole', '1'),
    range('some', '10', '30'),
    decimal('zero', '0'),
    risk('none', '{"relativeRisk":2}'),
    sequence('s100', 100, 105),
    sequence('s99', 99, 100),
    sequence('s101', 101, 250),
    sequence('negative', -5, 0),
    {
      resourceType: 'Encounter',
      id: 'e',
      status: 'finished',
      class: { code: 'AMB' },
    },
  ],
  [
    // "in the range [99.5 ... 100.5)": the digits that are written say the precision
    ['RiskAssessment?probability=0.5', 'half'],
    ['RiskAssessment?probability=0.50', 'half'],
    ['RiskAssessment?probability=0.500', 'half'],
    ['RiskAssessment?probability=0.49', ''],
    ['RiskAssessment?probability=0.46', ''],
    ['RiskAssessment?probability=5e-1', 'half'],
    ['RiskAssessment?probability=5E-1', 'half'],
    ['RiskAssessment?probability=0.002', 'tiny'],
    ['RiskAssessment?probability=2e-3', 'tiny'],
    ['RiskAssessment?probability=2.0e-3', 'tiny'],
    ['RiskAssessment?probability=0.0020', 'tiny'],
    ['RiskAssessment?probability=0.00', 'tiny zero'],
    ['RiskAssessment?probability=1', 'half most whole'],
    ['RiskAssessment?probability=1.0', 'most whole'],
    ['RiskAssessment?probability=1.000', 'most whole'],
    ['RiskAssessment?probability=1.0000', 'whole'],
    ['RiskAssessment?probability=0', 'some tiny zero'],
    ['RiskAssessment?probability=-0.0', 'tiny zero'],
    // comparators: "treated as if they have arbitrarily high precision"
    ['RiskAssessment?probability=lt0.5', 'some tiny zero'],
    ['RiskAssessment?probability=lt0.500', 'some tiny zero'],
    ['RiskAssessment?probability=le0.5', 'half some tiny zero'],
    ['RiskAssessment?probability=gt0.5', 'most whole'],
    ['RiskAssessment?probability=ge0.5', 'half most whole'],
    ['RiskAssessment?probability=gt0.2', 'half most some whole'],
    ['RiskAssessment?probability=gt0.3', 'half most whole'],
    ['RiskAssessment?probability=ge0.3', 'half most some whole'],
    ['RiskAssessment?probability=lt0.1', 'tiny zero'],
    ['RiskAssessment?probability=le0.1', 'some tiny zero'],
    ['RiskAssessment?probability=sa0.05', 'half most some whole'],
    ['RiskAssessment?probability=sa0.1', 'half most whole'],
    ['RiskAssessment?probability=eb0.31', 'some tiny zero'],
    ['RiskAssessment?probability=eb0.3', 'tiny zero'],
    ['RiskAssessment?probability=ne0.5', 'most some tiny whole zero'],
    ['RiskAssessment?probability=ne1', 'some tiny zero'],
    ['RiskAssessment?probability=ap0.5', 'half'],
    ['RiskAssessment?probability=ap0.46', 'half'],
    ['RiskAssessment?probability=ap0.3', 'some'],
    ['RiskAssessment?probability=gt8e-1', 'most whole'],
    ['RiskAssessment?probability=ge0.5&probability=lt1', 'half most'],
    ['RiskAssessment?probability=0.002,0.50', 'half tiny'],
    ['RiskAssessment?probability:missing=true', 'none'],
    ['RiskAssessment?probability:missing=false', 'half most some tiny whole zero'],
    // "against a simple integer … searching is based on exact matches"
    ['MolecularSequence?variant-start=100', 's100'],
    ['MolecularSequence?variant-start=100.0', 's100'],
    ['MolecularSequence?variant-start=100.4', ''],
    ['MolecularSequence?variant-start=1.00e2', 's100'],
    ['MolecularSequence?variant-start=1e2', 's100 s101 s99'],
    ['MolecularSequence?variant-start=-5', 'negative'],
    ['MolecularSequence?variant-start=lt0', 'negative'],
    ['MolecularSequence?variant-start=gt99', 's100 s101'],
    ['MolecularSequence?variant-start=ge99&variant-end=le105', 's100 s99'],
    ['MolecularSequence?variant-start=ne100', 'negative s101 s99'],
    ['MolecularSequence?variant-start=sa100', 's101'],
    ['MolecularSequence?variant-start=eb100', 'negative s99'],
    // what is no number
    ['RiskAssessment?probability=abc', 400],
    ['RiskAssessment?probability=zz0.5', 400],
    ['RiskAssessment?probability=0,5,x', 400],
    ['RiskAssessment?probability=1e', 400],
    ['RiskAssessment?probability=Infinity', 400],
    ['RiskAssessment?probability=1e999999', 400],
    ['RiskAssessment?probability:exact=1', 400],
    ['RiskAssessment?probability=0.5|http://unitsofmeasure.org|%', 400],
  ],
)
