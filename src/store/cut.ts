/** A btree entry holds at most a third of a page; the rest of a long string finds itself by its beginning. */
const MAX_STRING = 400

/** The length to which strings are compared: a search cuts its value the same way. */
export function cut(value: string): string {
  return value.length > MAX_STRING ? value.slice(0, MAX_STRING).toWellFormed() : value
}
