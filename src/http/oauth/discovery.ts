/**
 * What clients find out before they have a token. RFC 8414 (authorization server metadata) and
 * https://hl7.org/fhir/smart-app-launch/conformance.html (SMART configuration).
 */

/** Both documents at once: SMART's is RFC 8414's with capabilities. */
export function smartConfiguration(origin: string): Record<string, unknown> {
  return {
    issuer: origin,
    token_endpoint: `${origin}/oauth2/token`,
    jwks_uri: `${origin}/oauth2/jwks`,
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    scopes_supported: ['system/*.cruds', 'system/*.rs', 'system/*.read', 'system/*.write', 'system/*.*'],
    // SMART requires the field, and S256 in it, of every server, also of one without an authorization endpoint.
    code_challenge_methods_supported: ['S256'],
    capabilities: ['client-confidential-symmetric', 'permission-v1', 'permission-v2'],
  }
}
