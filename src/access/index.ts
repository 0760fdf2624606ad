/** Who may come in, and what they may do: tenants, clients, tokens, scopes. */
export { bootstrap, type GeneratedCredentials } from './bootstrap.ts'
export { makeClients, type Client, type Clients } from './clients.ts'
export { deriveKey, loadInstallationSecret, readInstallationSecret } from './installation-secret.ts'
export { makeSigningKeys, type SigningKeys } from './signing-keys.ts'
export { makeTenants, type Tenants } from './tenants.ts'
export {
  makeTokenEndpoint,
  type TokenAnswer,
  type TokenEndpoint,
  type TokenRefused,
} from './token-endpoint.ts'
export { makeTokens, type Access, type Tokens } from './tokens.ts'
export { allows, type ScopeLetter } from './scopes.ts'
