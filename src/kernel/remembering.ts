/** For what is worked out at first use and stays: of few keys, since nothing is ever forgotten. */
export function remembering<K, V extends object>(make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>()
  return (key) => {
    let value = known.get(key)
    if (!value) {
      value = make(key)
      known.set(key, value)
    }
    return value
  }
}
