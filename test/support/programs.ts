/**
 * Programs that others wrote and our tests talk to. Where one is missing its tests are skipped, with a line that says
 * so, unless PASSERELLE_REQUIRE_INTEROP=1: then a missing program fails the run.
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * True when the program is on the PATH. For `test.skipIf(!hasProgram('storescu'))`.
 * @throws when it is missing and interop tests are required.
 */
export function hasProgram(name: string): boolean {
  if (findOnPath(name) !== undefined) return true
  if (process.env['PASSERELLE_REQUIRE_INTEROP'] === '1') {
    throw new Error(
      `${name} is not installed, and PASSERELLE_REQUIRE_INTEROP=1 asks for the tests that need it`,
    )
  }
  console.warn(`skipped: ${name} is not installed`)
  return false
}

function findOnPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
