/** Freezes a value and what it holds, maps' contents included. Compiled tables are shared by all messages. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  if (value instanceof Map) for (const each of value.values()) deepFreeze(each)
  else if (!(value instanceof Set)) for (const each of Object.values(value)) deepFreeze(each)
  return value
}
