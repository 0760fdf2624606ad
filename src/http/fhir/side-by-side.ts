/** Runs a task for each item, at most `width` at a time; results in the order of the items. The first error ends it. */
export async function sideBySide<T, R>(
  items: readonly T[],
  width: number,
  run: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = Array.from({ length: items.length })
  const queue = items.entries()
  const lanes = Array.from({ length: Math.min(width, items.length) }, async () => {
    for (const [index, item] of queue) results[index] = await run(item)
  })
  await Promise.all(lanes)
  return results
}
