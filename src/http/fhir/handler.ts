/**
 * The FHIR edge of one HTTP request: path → interaction, token → caller, body → resource, answer → bytes.
 * What happens between is in the interactions. https://hl7.org/fhir/R4/http.html
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { pickLanguage } from '../../fhir/index.ts'
import { asFailure, Failure } from '../../kernel/failure.ts'
import type { Log } from '../../kernel/log.ts'
import { addressOf, originOf } from '../base-url.ts'
import { type BodyReader, discardRest } from '../body.ts'
import { exchangeOf } from '../exchange.ts'
import { isForm } from '../media-type.ts'
import type { HttpSettings } from '../settings.ts'
import { logUnexpected } from '../unexpected.ts'
import { binaryRequest } from './binary/index.ts'
import { kickOff } from './async/index.ts'
import { makeDoor } from './door.ts'
import type { AnswerFormat } from './formats.ts'
import {
  conditionsOf,
  formatOf,
  isLenient,
  pathOf,
  preferenceOf,
  problemFormat,
  queryOf,
  wantsAsync,
} from './http-request.ts'
import type { Caller, FhirRequest, FhirService } from './interaction.ts'
import { noSuchRoute, type RouteMatch, type Target } from './routes.ts'
import { sendAnswer, sendMethods, sendProblem } from './send.ts'

export interface FhirHandlerDeps {
  readonly service: FhirService
  readonly bodies: BodyReader
  readonly settings: HttpSettings
  readonly log: Log
}

/** Answers a request whose URL begins at the FHIR base of the tenant. Never rejects. */
export type FhirHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  tenantKey: string,
) => Promise<void>

export function makeFhirHandler({ service, bodies, settings, log }: FhirHandlerDeps): FhirHandler {
  const door = makeDoor(service)
  const { formats } = service

  async function callerOf(
    request: IncomingMessage,
    response: ServerResponse,
    tenantKey: string,
    match: RouteMatch,
  ) {
    const { headers } = request
    const exchange = exchangeOf(response)
    const target = 'interaction' in match ? match : undefined
    exchange.route = `/t/:tenant/fhir${target?.route.path ?? '/?'}`
    exchange.tenant = tenantKey
    const asker = {
      tenantKey,
      authorization: headers.authorization,
      address: addressOf(request, settings),
      requestId: exchange.requestId,
      query: queryOf(request),
    }
    const entered = target?.interaction.open
      ? await door.enterOpen(asker)
      : await door.enter(asker, target?.interaction)
    exchange.client = entered.agent.id
    const caller: Caller = {
      ...entered,
      requestId: exchange.requestId,
      base: `${originOf(request, settings)}/t/${tenantKey}/fhir`,
      language: pickLanguage(headers['accept-language']),
      prefer: preferenceOf(request),
      lenient: isLenient(request),
    }
    return caller
  }

  /** With what a POST _search carries in its body as part of the query. */
  async function searchForm(request: IncomingMessage, response: ServerResponse): Promise<string> {
    const query = queryOf(request)
    if (!hasBody(request)) return query
    if (!isForm(request.headers['content-type'])) {
      throw new Failure('unsupported', 'media-type', { expected: 'application/x-www-form-urlencoded' })
    }
    const form = await bodies.readText(request, response)
    return query === '' ? form : form === '' ? query : `${query}&${form}`
  }

  /** The request as its interaction takes it, and how the answer is to be written. */
  async function requestOf(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    caller: Caller,
  ): Promise<{ fhirRequest: FhirRequest; format: AnswerFormat }> {
    const { interaction, type, id, version, compartment } = target
    const binary = binaryRequest({ service, bodies, settings }, request, response, target, caller)
    const fhirRequest: FhirRequest = {
      caller,
      type,
      id,
      version,
      compartment,
      query: queryOf(request),
      conditions: conditionsOf(request),
      hasBody: hasBody(request),
      async resource() {
        const { parse } = formats.ofBody(request.headers['content-type'])
        return parse(await bodies.readText(request, response))
      },
      body: async () => ({
        contentType: request.headers['content-type'],
        text: await bodies.readText(request, response),
      }),
      ...binary?.request,
    }
    try {
      const query = takesForm(target) ? await searchForm(request, response) : fhirRequest.query
      return {
        fhirRequest: { ...fhirRequest, query },
        format: binary?.format ?? formatOf(formats, request, query),
      }
    } catch (thrown) {
      await service.refuse(interaction, fhirRequest, asFailure(thrown))
      throw thrown
    }
  }

  /** Now, or where the client would rather wait and it may take long, later. */
  function answerTo(request: IncomingMessage, target: Target, asked: FhirRequest) {
    const { interaction } = target
    if (interaction.async !== true || !wantsAsync(request)) return service.perform(interaction, asked)
    return kickOff(service, interaction, asked, {
      method: request.method!,
      path: pathOf(request),
      contentType: request.headers['content-type'],
      hasForm: takesForm(target),
    })
  }

  return async (request, response, tenantKey) => {
    const match = service.routes.match(request.method ?? 'GET', pathOf(request))
    if (request.method === 'OPTIONS' && 'allow' in match && match.allow.length > 0)
      return sendMethods(response, match.allow)
    let format: AnswerFormat | undefined
    try {
      const caller = await callerOf(request, response, tenantKey, match)
      if (!('interaction' in match)) throw noSuchRoute(match.allow, pathOf(request))
      const asked = await requestOf(request, response, match, caller)
      format = asked.format
      const answer = await answerTo(request, match, asked.fhirRequest)
      await sendAnswer(response, answer, format, (text) => service.binaries.placesIn(caller.tenant, text))
    } catch (thrown) {
      const failure = asFailure(thrown)
      const exchange = exchangeOf(response)
      exchange.failure = failure.code
      logUnexpected(log, failure, exchange.requestId)
      refuseRest(request, response, settings)
      format ??= problemFormat(formats, request)
      sendProblem(response, failure, pickLanguage(request.headers['accept-language']), format)
    }
  }
}

/** https://hl7.org/fhir/R4/http.html#search */
function takesForm({ interaction, route }: Target): boolean {
  return route.path.endsWith('/_search') || interaction.operation?.takesSearch === true
}

/** RFC 9112 §6.3 */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** The refused request's body may still be on its way. */
function refuseRest(
  request: IncomingMessage,
  response: ServerResponse,
  { maxBodyBytes }: HttpSettings,
): void {
  if (request.complete) return
  // Who still waits for 100 Continue may send nothing more, so the connection can't be used again.
  if (request.headers.expect !== undefined && !request.readableDidRead)
    response.setHeader('Connection', 'close')
  else discardRest(request, maxBodyBytes)
}
