/** The program as other people's clients meet it: started, with a tenant, and a token that allows everything. */
import { join } from 'node:path'

import { testFolder } from './folder.ts'
import { freePort } from './ports.ts'
import { runProgram } from './program.ts'

export interface Gateway extends AsyncDisposable {
  readonly origin: string
  /** Below the origin: `t/demo/fhir`. */
  readonly path: string
  readonly base: string
  readonly token: string
}

const SECRET = 'a secret of the test, long enough'

export async function startGateway(): Promise<Gateway> {
  await using opened = new AsyncDisposableStack()
  const folder = opened.use(await testFolder())
  const port = await freePort()
  const program = opened.use(
    runProgram(['serve'], {
      PASSERELLE_DATA_DIR: join(folder.path, 'data'),
      PASSERELLE_HTTP_PORT: String(port),
      PASSERELLE_MLLP_PORT: '0',
      PASSERELLE_DICOM_PORT: '0',
      PASSERELLE_BOOTSTRAP_CLIENT_ID: 'tester',
      PASSERELLE_BOOTSTRAP_CLIENT_SECRET: SECRET,
    }),
  )
  await program.said(/is ready\./)
  const origin = `http://127.0.0.1:${port}`
  const token = await tokenFrom(origin)
  const open = opened.move()
  return {
    origin,
    path: 't/demo/fhir',
    base: `${origin}/t/demo/fhir`,
    token,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

async function tokenFrom(origin: string): Promise<string> {
  const answer = await fetch(`${origin}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`tester:${SECRET}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.cruds' }),
  })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  return token
}
