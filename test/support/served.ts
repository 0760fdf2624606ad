/** What a program of a test is started with, and calls to it by the client that its first start makes. */
import { join } from 'node:path'

import { freePort } from './ports.ts'

export interface Served {
  /** For runProgram: the same for each start, so that a later one goes on with the folder and the address. */
  readonly variables: Readonly<Record<string, string>>
  /** FHIR base of the bootstrap tenant. */
  readonly base: string
  /** With a new token each time, since the program may have died. */
  call(url: string, init?: RequestInit): Promise<Response>
}

const CLIENT = 'tester'
const SECRET = 'a secret of the test, long enough'

export async function servedFrom(folder: string): Promise<Served> {
  const http = await freePort()
  const origin = `http://127.0.0.1:${http}`

  async function token(): Promise<string> {
    const answer = await fetch(`${origin}/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${CLIENT}:${SECRET}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.cruds' }),
    })
    return ((await answer.json()) as { access_token: string }).access_token
  }

  return {
    variables: {
      PASSERELLE_DATA_DIR: join(folder, 'data'),
      PASSERELLE_HTTP_PORT: String(http),
      PASSERELLE_MLLP_PORT: '0',
      PASSERELLE_DICOM_PORT: '0',
      PASSERELLE_BOOTSTRAP_CLIENT_ID: CLIENT,
      PASSERELLE_BOOTSTRAP_CLIENT_SECRET: SECRET,
    },
    base: `${origin}/t/demo/fhir`,
    call: async (url, init = {}) =>
      fetch(url, {
        ...init,
        headers: {
          authorization: `Bearer ${await token()}`,
          'content-type': 'application/fhir+json',
          ...(init.headers as Record<string, string>),
        },
      }),
  }
}
