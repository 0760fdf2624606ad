import { createHmac, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { SignJWT, UnsecuredJWT, decodeJwt, decodeProtectedHeader, type JWK } from 'jose'
import { expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { makeSigningKeys } from './signing-keys.ts'
import { accessOver, tester, tokenOf, tokenRequest } from './testing.ts'

async function withToken(database: TestDatabase) {
  const installation = accessOver(database)
  const here = installation.process()
  const { client, secret } = await here.clients.create(
    database.tenant,
    { name: 'Lab results', scopes: ['system/*.rs', 'system/Observation.c'], roles: ['admin'] },
    tester,
  )
  const token = tokenOf(await here.endpoint.answer(tokenRequest(client.id, secret)))
  return { installation, here, client, secret, token }
}

const invalid = { kind: 'unauthenticated', code: 'token-invalid' }

test('a token says which client of which tenant may do what, until when', async () => {
  await using database = await testDatabase()
  const { installation, here, client, token } = await withToken(database)
  expect(await here.tokens.verify(token)).toMatchObject({
    tenant: database.tenant,
    tenantKey: database.tenantKey,
    clientId: client.id,
    scopes: ['system/*.rs', 'system/Observation.c'],
    roles: ['admin'],
    expiresAt: installation.clock.now() + 3_600_000,
  })
  expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
  expect(decodeJwt(token)).toMatchObject({
    iss: 'https://fhir.example.org',
    aud: 'https://fhir.example.org/t/test',
  })
})

test('another process accepts the token, as it accepts those after a rotation of the signing key', async () => {
  await using database = await testDatabase()
  const { installation, here, client, secret, token } = await withToken(database)
  const there = installation.process()
  expect(await there.tokens.verify(token)).toMatchObject({ clientId: client.id })
  await here.keys.rotate()
  const newer = tokenOf(await here.endpoint.answer(tokenRequest(client.id, secret)))
  expect(decodeProtectedHeader(newer).kid).not.toBe(decodeProtectedHeader(token).kid)
  installation.pass(5000) // an unknown key id is looked up at most so often
  expect(await there.tokens.verify(newer)).toMatchObject({ clientId: client.id })
  expect(await installation.process().tokens.verify(token)).toMatchObject({ clientId: client.id })
  expect((await there.keys.jwks()).keys).toHaveLength(2)
})

test('an expired token is refused, remembered or not', async () => {
  await using database = await testDatabase()
  const { installation, here, token } = await withToken(database)
  await here.tokens.verify(token)
  installation.pass(3_600_000)
  const expired = { kind: 'unauthenticated', code: 'token-expired' }
  await expect(here.tokens.verify(token)).rejects.toMatchObject(expired)
  await expect(installation.process().tokens.verify(token)).rejects.toMatchObject(expired)
})

test('a revoked client is refused at once here and within two seconds elsewhere', async () => {
  await using database = await testDatabase()
  const { installation, here, client, secret, token } = await withToken(database)
  const there = installation.process()
  await there.tokens.verify(token)
  await here.tokens.verify(token)
  await here.clients.revoke(database.tenant, client.id, tester)
  const revoked = { kind: 'unauthenticated', code: 'token-revoked' }
  await expect(here.tokens.verify(token)).rejects.toMatchObject(revoked)
  installation.pass(2000)
  await expect(there.tokens.verify(token)).rejects.toMatchObject(revoked)
  expect(await there.endpoint.answer(tokenRequest(client.id, secret))).toMatchObject({
    refused: { status: 401, error: 'invalid_client' },
  })
})

test('a new secret ends the old one and its tokens; the new ones are good', async () => {
  await using database = await testDatabase()
  const { here, client, secret, token } = await withToken(database)
  await here.tokens.verify(token)
  const rotated = await here.clients.rotate(database.tenant, client.id, tester)
  await expect(here.tokens.verify(token)).rejects.toMatchObject({ code: 'token-revoked' })
  expect(await here.endpoint.answer(tokenRequest(client.id, secret))).toHaveProperty('refused')
  const newer = tokenOf(await here.endpoint.answer(tokenRequest(client.id, rotated.secret)))
  expect(await here.tokens.verify(newer)).toMatchObject({ clientId: client.id })
})

test('a token of another installation, or for another tenant of this one, is refused', async () => {
  await using database = await testDatabase()
  await using elsewhere = await testDatabase()
  const { here, token } = await withToken(database)
  const other = await withToken(elsewhere)
  await expect(other.here.tokens.verify(token)).rejects.toMatchObject(invalid)
  await expect(here.tokens.verify(other.token)).rejects.toMatchObject(invalid)

  await database.addTenant('other')
  const { kid, key } = await here.keys.signer()
  const claims = { ...decodeJwt(token), tenant: 'other' } // the audience is still that of the first tenant
  const crossed = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid }).sign(key)
  await expect(here.tokens.verify(crossed)).rejects.toMatchObject(invalid)
})

test('forged tokens are refused: no algorithm, another key, the public key as a MAC secret, another type or issuer', async () => {
  await using database = await testDatabase()
  const { here, token } = await withToken(database)
  const claims = decodeJwt(token)
  const { kid, key } = await here.keys.signer()
  const header = { alg: 'ES256', typ: 'at+jwt', kid }
  const [jwk] = (await here.keys.jwks()).keys
  const spki = createPublicKey({ key: jwk!, format: 'jwk' }).export({ format: 'pem', type: 'spki' }) as string
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const unsigned = token.split('.').slice(0, 2).join('.')
  const forgeries = [
    new UnsecuredJWT(claims).encode(),
    `${unsigned}.`,
    unsigned,
    await new SignJWT(claims).setProtectedHeader(header).sign(stranger),
    await new SignJWT(claims)
      .setProtectedHeader({ ...header, jwk: stranger.export({ format: 'jwk' }) as JWK })
      .sign(stranger),
    await new SignJWT(claims).setProtectedHeader({ ...header, kid: 'unknown' }).sign(stranger),
    await new SignJWT(claims)
      .setProtectedHeader({ ...header, alg: 'HS256' })
      .sign(new TextEncoder().encode(spki)),
    macWith(JSON.stringify(jwk), { ...header, alg: 'HS256' }, claims),
    await new SignJWT(claims).setProtectedHeader({ ...header, typ: 'JWT' }).sign(key),
    await new SignJWT({ ...claims, iss: 'https://elsewhere.example.org' })
      .setProtectedHeader(header)
      .sign(key),
    `${token.slice(0, -4)}AAAA`,
    token.replace(/^[^.]+/, Buffer.from('{"alg":"none"}').toString('base64url')),
    'x'.repeat(100_000),
    '',
    '..',
    'not a token',
  ]
  for (const forged of forgeries) await expect(here.tokens.verify(forged)).rejects.toMatchObject(invalid)
  const { exp: _exp, ...endless } = claims
  const eternal = await new SignJWT(endless).setProtectedHeader(header).sign(key)
  await expect(here.tokens.verify(eternal)).rejects.toMatchObject(invalid)
})

function macWith(secret: string, header: object, claims: object): string {
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

test('with another installation secret the signing keys cannot be read, and no new ones are made in silence', async () => {
  await using database = await testDatabase()
  const { installation } = await withToken(database)
  const stranger = makeSigningKeys({ db: database.db, clock: installation.clock, secret: randomBytes(32) })
  await expect(stranger.signer()).rejects.toMatchObject({ code: 'installation-secret-wrong' })
})

test('processes that start at once agree on one signing key, whose private part is nowhere in the clear', async () => {
  await using database = await testDatabase()
  const installation = accessOver(database)
  const signers = await Promise.all(Array.from({ length: 5 }, () => installation.process().keys.signer()))
  expect(new Set(signers.map(({ kid }) => kid)).size).toBe(1)
  const [stored] = await database.ownerQuery<{ row: string; private_key: Buffer }>(
    'select k::text as row, private_key from passerelle.signing_key k',
  )
  const pkcs8 = signers[0]!.key.export({ format: 'der', type: 'pkcs8' })
  expect(stored!.private_key.includes(pkcs8.subarray(40, 60))).toBe(false)
  expect(stored!.row).not.toContain('"d"')
})
