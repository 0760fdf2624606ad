/** Lets those who contend for the same names take turns within this process. */

export interface Turns {
  /** Runs when every earlier holder of one of these names is done; names are taken in one order, so nobody waits in a circle. */
  take<T>(names: readonly string[], run: () => Promise<T>): Promise<T>
}

export function makeTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()

  async function hold<T>(names: readonly string[], run: () => Promise<T>): Promise<T> {
    const [name, ...others] = names
    if (name === undefined) return run()
    const earlier = last.get(name) ?? Promise.resolve()
    const mine = earlier.then(() => hold(others, run))
    const settled = mine.catch(() => {})
    last.set(name, settled)
    void settled.then(() => {
      if (last.get(name) === settled) last.delete(name)
    })
    return mine
  }

  return { take: (names, run) => hold([...new Set(names)].sort(), run) }
}
