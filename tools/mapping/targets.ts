/**
 * Official target paths as ours: `performer[1](PractitionerRole.practitioner(Practitioner))` becomes
 * `performer[1]>PractitionerRole.practitioner>Practitioner`; spaces, lost brackets and well-known slips are mended.
 */
const SLIPS: readonly (readonly [RegExp, string])[] = [
  [/\s+/g, ''],
  [/\.\(/g, '('],
  [/\[(\d+)[}.]/g, '[$1].'],
  [/\[(\d+)\]?$/g, '[$1]'],
  [/occur(?:e|ne)(?:n)?ceT[iI]ming/gi, 'occurrenceTiming'],
  [/occurneceTiming/g, 'occurrenceTiming'],
  [/occurrenceTiming\.(bounds|duration)/g, 'occurrenceTiming.repeat.$1'],
  [/dosageInstruction\.doseAndRate\.timing/g, 'dosageInstruction.timing'],
  [/Practioner\b/g, 'Practitioner'],
  [/practioner\b/g, 'practitioner'],
  [/organziation\b/g, 'organization'],
  [/PractitionerRole\.Practitioner\b/g, 'PractitionerRole.practitioner'],
  [/\.sytem$/g, '.system'],
  [/coding\.(?:value)$/g, 'coding.code'],
  [/coding\.uri$/g, 'coding.system'],
  [/valuedateTime/g, 'valueDateTime'],
  [/value\.CodeableConcept/g, 'valueCodeableConcept'],
  [/note\(Annotation\.text\)/g, 'note.text'],
  [/medication\(Medication/g, 'medicationReference(Medication'],
  [/^payer/g, 'payor'],
  [/^([a-z]\w*)\(\[1\]/g, '$1[1]('],
]

/** The path in our form, and the constant where the author wrote `path="constant"`. */
export function translateTarget(official: string): { to: string; constant: string | undefined } {
  const equality = /^(.*?)\s*=\s*"([^"]*)"?$/.exec(official)
  let path = equality?.[1] ?? official
  for (const [slip, mended] of SLIPS) path = path.replaceAll(slip, mended)
  path = path
    .replaceAll(/\(([A-Z]\w*)(?:\[\w+\])?/g, '>$1')
    .replaceAll(')', '')
    .replaceAll(/\.reference(?=>)|(?<=>[A-Z]\w*)\.reference$/g, '')
  return { to: path, constant: equality?.[2] }
}

/** Our target without the official numbers of items that are no list. */
export function dropLabels(to: string, isList: (path: string) => boolean): string {
  const steps = to.split(/(?=[.>])/)
  return steps
    .map((step, at) => {
      const label = /\[\w+\]$/.exec(step)
      return label && !isList(steps.slice(0, at + 1).join('')) ? step.slice(0, label.index) : step
    })
    .join('')
}
