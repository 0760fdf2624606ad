/** Who may come in, and what they may do: tenants, clients, tokens, scopes. */
export { bootstrap, type BootstrapSettings, type GeneratedCredentials } from './bootstrap.ts'
export { makeClients, ROLES, type Client, type Clients, type NewClient } from './clients.ts'
export {
  deriveKey,
  loadInstallationSecret,
  readInstallationSecret,
  type KeyPurpose,
} from './installation-secret.ts'
export { makeSigningKeys, type SigningKeys } from './signing-keys.ts'
export { makeTenants, type NewTenant, type Tenants } from './tenants.ts'
export {
  makeTokenEndpoint,
  type TokenAnswer,
  type TokenEndpoint,
  type TokenRefused,
} from './token-endpoint.ts'
export { makeTokens, type Access, type Tokens } from './tokens.ts'
export { allows, type ScopeLetter } from './scopes.ts'
