/** Where in a text something is, as people count: from 1. */

export interface PlaceInText {
  readonly line: number
  readonly column: number
}

export function placeIn(text: string, position: number): PlaceInText {
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0 && end < position; end = text.indexOf('\n', start)) {
    line++
    start = end + 1
  }
  return { line, column: position - start + 1 }
}
