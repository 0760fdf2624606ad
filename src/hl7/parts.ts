/** Taking and replacing the n-th part of a delimited text, counted from 1 as HL7 counts. No separator: one part. */

/** The n-th part, or undefined when there are fewer. */
export function part(text: string, separator: string | undefined, n: number): string | undefined {
  if (separator === undefined) return n === 1 ? text : undefined
  let from = 0
  for (let count = 1; ; count++) {
    const end = text.indexOf(separator, from)
    if (count === n) return end === -1 ? text.slice(from) : text.slice(from, end)
    if (end === -1) return undefined
    from = end + 1
  }
}

export function parts(text: string, separator: string | undefined): string[] {
  return separator === undefined ? [text] : text.split(separator)
}

/** The text with its n-th part changed; empty parts fill the gap when there were fewer. */
export function replacePart(
  text: string,
  separator: string | undefined,
  n: number,
  change: (old: string) => string,
): string | undefined {
  if (separator === undefined) return n === 1 ? change(text) : undefined
  const all = text.split(separator)
  while (all.length < n) all.push('')
  all[n - 1] = change(all[n - 1]!)
  return all.join(separator)
}
