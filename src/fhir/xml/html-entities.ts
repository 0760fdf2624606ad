/** Names that HTML has for characters and XML has not: those that turn up in narratives. https://www.w3.org/TR/html401/sgml/entities.html */

/** From U+00A0 to U+00FF, in order. */
const LATIN_1 = (
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro ' +
  'para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil ' +
  'Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave ' +
  'Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml ' +
  'igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute ' +
  'thorn yuml'
).split(' ')

const OTHERS: readonly (readonly [string, number])[] = [
  ['OElig', 0x152],
  ['oelig', 0x153],
  ['Scaron', 0x160],
  ['scaron', 0x161],
  ['Yuml', 0x178],
  ['alpha', 0x3b1],
  ['beta', 0x3b2],
  ['gamma', 0x3b3],
  ['delta', 0x3b4],
  ['mu', 0x3bc],
  ['ensp', 0x2002],
  ['emsp', 0x2003],
  ['thinsp', 0x2009],
  ['zwnj', 0x200c],
  ['zwj', 0x200d],
  ['ndash', 0x2013],
  ['mdash', 0x2014],
  ['lsquo', 0x2018],
  ['rsquo', 0x2019],
  ['sbquo', 0x201a],
  ['ldquo', 0x201c],
  ['rdquo', 0x201d],
  ['bdquo', 0x201e],
  ['dagger', 0x2020],
  ['bull', 0x2022],
  ['hellip', 0x2026],
  ['permil', 0x2030],
  ['lsaquo', 0x2039],
  ['rsaquo', 0x203a],
  ['euro', 0x20ac],
  ['trade', 0x2122],
  ['larr', 0x2190],
  ['uarr', 0x2191],
  ['rarr', 0x2192],
  ['darr', 0x2193],
  ['minus', 0x2212],
  ['infin', 0x221e],
  ['asymp', 0x2248],
  ['ne', 0x2260],
  ['le', 0x2264],
  ['ge', 0x2265],
]

const CODE_POINTS: ReadonlyMap<string, number> = new Map([
  ...LATIN_1.map((name, i) => [name, 0xa0 + i] as const),
  ...OTHERS,
])

/** `nbsp` → `&#160;`; undefined for a name that isn't known. */
export function htmlCharacter(name: string): string | undefined {
  const codePoint = CODE_POINTS.get(name)
  return codePoint === undefined ? undefined : `&#${codePoint};`
}
