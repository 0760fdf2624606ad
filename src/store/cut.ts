/** A btree entry holds at most a third of a page; the rest of a long string finds itself by its beginning. */
const MAX_STRING = 400

/** The length to which strings are compared: a search cuts its value the same way. */
export function cut(value: string): string {
  return value.length > MAX_STRING ? value.slice(0, MAX_STRING).toWellFormed() : value
}

/** In the database's characters, of which one may be two here: what is shorter has not been cut. */
export const LONG_STRING = MAX_STRING / 2
