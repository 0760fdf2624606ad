/** How strings are compared: without case, accents and punctuation. https://hl7.org/fhir/R4/search.html#string */

const PLAIN_ASCII = /^[a-z0-9]+(?: [a-z0-9]+)*$/
// Letters that Unicode does not decompose but that people leave out or write with two letters.
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
}

/** Lower case, without diacritics; apostrophes drop out, other punctuation and white space becomes one space. */
export function normalise(text: string): string {
  const lower = text.toLowerCase()
  if (PLAIN_ASCII.test(lower)) return lower
  // Decomposing can bring capitals (℡ becomes TEL), so case goes again.
  return lower
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{Mn}+/gu, '')
    .replaceAll(/[ßæœøđðłþı]/g, (letter) => LETTERS[letter]!)
    .replaceAll(/['’ʼ`´]/g, '')
    .replaceAll(/[^\p{L}\p{N}\p{S}]+/gu, ' ')
    .trim()
}
