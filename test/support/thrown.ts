/** What a function throws; undefined when it returns. For properties that allow both an answer and a Failure. */
export function thrownBy(act: () => unknown): unknown {
  try {
    act()
    return undefined
  } catch (error) {
    return error
  }
}
