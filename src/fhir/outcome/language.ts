/** The languages of our texts, and which one a caller asks for. RFC 9110 §12.5.4 */

export const LANGUAGES = ['en', 'fr', 'de'] as const
export type Language = (typeof LANGUAGES)[number]

const DEFAULT: Language = 'en'

/** The best of our languages for an Accept-Language header: `fr-CH, de;q=0.8` → `fr`. English when none fits. */
export function pickLanguage(acceptLanguage: string | undefined): Language {
  if (acceptLanguage === undefined) return DEFAULT
  let best: { language: Language; quality: number } | undefined
  for (const range of acceptLanguage.slice(0, 500).split(',')) {
    const [tag, ...parameters] = range.split(';')
    const language = languageOf(tag!.trim().toLowerCase())
    const quality = qualityOf(parameters)
    if (language && quality > (best?.quality ?? 0)) best = { language, quality }
  }
  return best?.language ?? DEFAULT
}

function languageOf(tag: string): Language | undefined {
  if (tag === '*') return DEFAULT
  const primary = tag.split('-')[0]
  return LANGUAGES.find((language) => language === primary)
}

function qualityOf(parameters: readonly string[]): number {
  const weight = parameters.find((each) => /^\s*q\s*=/i.test(each))
  const quality = weight === undefined ? 1 : Number(weight.slice(weight.indexOf('=') + 1))
  return Number.isFinite(quality) ? quality : 0
}
