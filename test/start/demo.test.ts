import { join } from 'node:path'
import { expect, test } from 'vitest'

import { testFolder } from '../support/folder.ts'
import { freePort } from '../support/ports.ts'
import { runProgram } from '../support/program.ts'

test('the demo shows one patient through all three doors, and again without a second one', async () => {
  await using folder = await testFolder()
  const [http, mllp, dicom] = [await freePort(), await freePort(), await freePort()]
  const variables = {
    PASSERELLE_DATA_DIR: join(folder.path, 'data'),
    PASSERELLE_HTTP_PORT: String(http),
    PASSERELLE_MLLP_PORT: String(mllp),
    PASSERELLE_DICOM_PORT: String(dicom),
  }
  await using server = runProgram(['serve'], variables)
  await server.said(/is ready\./)
  const [, id, secret] = /Client id +(\S+)[\s\S]*Client secret +(\S+)/.exec(server.stdout())!

  // The credentials that the start printed work, with curl's way of asking.
  const origin = `http://127.0.0.1:${http}`
  const tokenFor = async (scope: string) => {
    const answer = await fetch(`${origin}/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
    })
    return (await answer.json()) as { access_token: string }
  }

  const run = async (...words: string[]) => {
    await using program = runProgram(words, variables)
    const code = await program.ended
    return { code, out: program.stdout(), err: program.stderr() }
  }
  // The application knows her before the first message comes: still one Patient, and hers is the id.
  const { access_token: writer } = await tokenFor('system/*.cruds')
  const created = await fetch(`${origin}/t/demo/fhir/Patient`, {
    method: 'POST',
    headers: { authorization: `Bearer ${writer}`, 'content-type': 'application/fhir+json' },
    body: JSON.stringify({
      resourceType: 'Patient',
      identifier: [{ system: 'urn:oid:1.2.250.1.999.2', value: '4711' }],
    }),
  })
  const { id: patient } = (await created.json()) as { id: string }

  for (const round of ['first', 'second']) {
    const { code, out, err } = await run('demo')
    expect({ code, err }, round).toEqual({ code: 0, err: '' })
    expect(out.match(/ {2}AA {2}/g), round).toHaveLength(2)
    expect(out.match(/ {2}0x0000 {2}/g), round).toHaveLength(3)
    expect(out.match(/^ {2}Patient v/gm), round).toHaveLength(1)
    expect(out, round).toContain(`/Patient/${patient}\n`)
    expect(out, round).toMatch(/MOREAU Élodie Anne 1984-02-29/)
    expect(out, round).toMatch(/DiagnosticReport v1 +Numération formule sanguine \(final, 4 results\)/)
    expect(out, round).toMatch(/Observation v1 +Hémoglobine: 13\.4 g\/dL/)
    expect(out, round).toMatch(/Encounter v\d +IMP in-progress/)
    expect(out, round).toMatch(/ImagingStudy v1 +Scanner thoracique \(1 series, 3 images\)/)
    expect(out, round).toMatch(/Appointment v1/)
  }

  const { access_token: token } = await tokenFor('system/*.rs')
  const get = (path: string) => fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${token}` } })
  expect((await get('/t/demo/fhir/Patient?identifier=urn:oid:1.2.250.1.999.2%7C4711')).status).toBe(200)
  expect((await get('/t/other/fhir/Patient')).status).toBe(403)
  const found = (await (await get('/t/demo/fhir/AuditEvent?outcome=4')).json()) as { entry: unknown[] }
  expect(found.entry.length).toBeGreaterThan(0)

  expect(await run('audit', 'verify')).toMatchObject({ code: 0 })
  const bundle = await run('channel', 'test', 'lab', '--format', 'bundle')
  expect(bundle.code).not.toBe(0) // standard input is empty here
}, 120_000)
