/** The tenant's translations beside the codes that were sent: what the sender wrote stays first. */
import type { TranslatedCoding } from '../dictionary.ts'
import type { Identities } from './identity.ts'
import { fieldOf, makeObject, objectsIn, setText, textAt, type Obj } from './tree.ts'

export interface TranslateCodes {
  /** undefined where no map is for the system. */
  readonly translationsOf: (coding: {
    readonly system: string | undefined
    readonly code: string
  }) => readonly TranslatedCoding[] | undefined
  readonly identities: Identities
  readonly warn: (code: string, about: string) => void
}

/** Of every CodeableConcept of a resource and of what it contains. A code that a map does not have is counted. */
export function addTranslations(root: Obj, input: TranslateCodes): void {
  const seen = new Set<Obj>()
  const visit = (object: Obj): void => {
    if (seen.has(object)) return
    seen.add(object)
    if (object.type === 'CodeableConcept') translateConcept(object, input)
    for (const { items } of object.fields.values())
      for (const item of items.values()) {
        if (item.kind === 'object') visit(item)
        else if (item.extensions) visit(item.extensions)
      }
    if (object.resource && input.identities.of(object.resource) === 'contained') visit(object.resource.root)
  }
  visit(root)
}

function translateConcept(concept: Obj, { translationsOf, warn }: TranslateCodes): void {
  for (const coding of objectsIn(concept, 'coding')) {
    const [system, code] = [textAt(coding, 'system'), textAt(coding, 'code')]
    if (code === undefined) continue
    const translations = translationsOf({ system, code })
    if (translations?.length === 0) warn('code-not-translated', system ?? 'no system')
    for (const each of translations ?? []) addCoding(concept, each)
  }
}

function addCoding(concept: Obj, { system, code, display, map }: TranslatedCoding): void {
  const coding = makeObject('Coding')
  const row = `ConceptMap ${map}`
  if (system !== undefined) setText(coding, 'system', system, row)
  setText(coding, 'code', code, row)
  if (display !== undefined) setText(coding, 'display', display, row)
  fieldOf(concept, 'coding', true).items.set(`${row} ${system ?? ''}|${code}`, coding)
}
