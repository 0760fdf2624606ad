/** Texts by failure code in each language. A new code needs a line in each file of messages/. */
import type { FailureParams } from '../../kernel/failure.ts'
import de from './messages/de.json' with { type: 'json' }
import en from './messages/en.json' with { type: 'json' }
import fr from './messages/fr.json' with { type: 'json' }
import type { Language } from './language.ts'

type Catalogue = Readonly<Record<string, string>>

const CATALOGUES: Readonly<Record<Language, Catalogue>> = { en, fr, de }

/** The text of a failure code, its `{placeholders}` filled; the code itself when there is none. */
export function messageOf(code: string, params: FailureParams, language: Language): string {
  const catalogue = CATALOGUES[language]
  const template = Object.hasOwn(catalogue, code) ? catalogue[code]! : code
  return template.replaceAll(/\{(\w+)\}/g, (_placeholder, name: string) => String(params[name] ?? '?'))
}

/** Codes that have a text in this language. */
export function messageCodes(language: Language): readonly string[] {
  return Object.keys(CATALOGUES[language])
}
