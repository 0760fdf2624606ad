/**
 * Units. Only a UCUM code may be a code with UCUM's system; any other text stays a text. This checks the form of UCUM
 * (https://ucum.org) with the atoms that laboratories use, and mends the spellings that occur in feeds.
 */
const ATOMS = new Set(
  (
    'm s g rad K C cd mol sr Hz N Pa J W A V F Ohm S Wb Cel T H lm lx Bq Gy Sv l L ar min h d a mo wk st t bar u eV ' +
    'deg cal kat U m[Hg] [iU] [IU] [pH] dB B eq osm Eq Osm kat % Cel [degF] [in_i] [ft_i] [lb_av] [oz_av] [drp] [gal_us] ' +
    "[arb'U] [CFU] [PFU] [HPF] [LPF] [NTU] [MPL'U] [GPL'U] [APL'U] [anti'Xa'U] [diop] bit By Ci R"
  ).split(' '),
)
const PREFIX = /^(?:da|[YZEPTGMkhdcmunpfazy])/
const NO_PREFIX = new Set(['%', 'min', 'h', 'd', 'a', 'mo', 'wk', 'deg', 'Cel'])

/** Spellings of feeds that mean a UCUM code. G/L is giga, g/L gram: upper and lower case are not the same here. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['G/L', '10*9/L'],
  ['G/l', '10*9/L'],
  ['T/L', '10*12/L'],
  ['T/l', '10*12/L'],
  ['Giga/L', '10*9/L'],
  ['Giga/l', '10*9/L'],
  ['Tera/L', '10*12/L'],
  ['Tera/l', '10*12/L'],
  ['UI/L', '[IU]/L'],
  ['UI/l', '[IU]/L'],
  ['UI/mL', '[IU]/mL'],
  ['UI/ml', '[IU]/mL'],
  ['mUI/L', 'm[IU]/L'],
  ['mUI/l', 'm[IU]/L'],
  ['mUI/mL', 'm[IU]/mL'],
  ['mUI/ml', 'm[IU]/mL'],
  ['kUI/L', 'k[IU]/L'],
  ['kUI/l', 'k[IU]/L'],
  ['IU/L', '[IU]/L'],
  ['IU/mL', '[IU]/mL'],
  ['mIU/L', 'm[IU]/L'],
  ['mIU/mL', 'm[IU]/mL'],
  ['uIU/mL', 'u[IU]/mL'],
  ['10^9/L', '10*9/L'],
  ['10^12/L', '10*12/L'],
  ['10^3/uL', '10*3/uL'],
  ['10^6/uL', '10*6/uL'],
  ['10E3/uL', '10*3/uL'],
  ['10E9/L', '10*9/L'],
  ['/mm3', '/mm3'],
  ['mmHg', 'mm[Hg]'],
  ['°C', 'Cel'],
  ['sec', 's'],
  ['secondes', 's'],
  ['jours', 'd'],
  ['jour', 'd'],
  ['heures', 'h'],
  ['ans', 'a'],
])

/** The UCUM code that a text is or stands for; undefined when none is known. */
export function ucumCode(text: string): string | undefined {
  const unit = text.trim()
  if (isUcum(unit)) return unit
  // Two characters look like micro: U+00B5 and the Greek letter U+03BC.
  const micro = unit.replaceAll(/[\u00b5\u03bc]/g, 'u')
  return micro !== unit && isUcum(micro) ? micro : SPELLINGS.get(micro)
}

function isUcum(unit: string): boolean {
  if (unit === '' || unit.length > 60 || !/^[!-~]+$/.test(unit)) return false
  const bare = unit.replaceAll(/\{[^{}]*\}/g, '').replace(/^\//, '')
  if (bare === '') return unit !== '/'
  return bare.split(/[./]/).every((term) => term === '' || isTerm(term.replaceAll(/[()]/g, '')))
}

function isTerm(term: string): boolean {
  if (/^\d+$/.test(term) || /^10(?:\*|\^)[+-]?\d+$/.test(term))
    return !term.includes('^') || term.startsWith('10^')
  const atom = term.replace(/[+-]?\d+$/, '')
  if (ATOMS.has(atom)) return true
  const prefix = PREFIX.exec(atom)?.[0]
  const base = prefix === undefined ? '' : atom.slice(prefix.length)
  return ATOMS.has(base) && !NO_PREFIX.has(base)
}
