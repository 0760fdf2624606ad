/** `/health`, `/health/live`, `/health/ready` and `/metrics`: for load balancers and Prometheus, without a token. */
import { Router, type Response } from 'express'
import { exchangeOf } from './exchange.ts'

/** What the probes ask; the composition root has it. */
export interface ProbesDeps {
  readonly version: string
  readonly health: {
    report(): Promise<{ readonly status: string; readonly checks: Readonly<Record<string, unknown>> }>
  }
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
}

export function makeProbes({ version, health, metrics }: ProbesDeps): Router {
  const router = Router()
  const serve = (path: string, handler: (response: Response) => void | Promise<void>): void => {
    router.get(path, async (_request, response) => {
      exchangeOf(response).route = path
      response.set('Cache-Control', 'no-store')
      await handler(response)
    })
  }
  serve('/health', async (response) => {
    const { status, checks } = await health.report()
    answer(response, status, { status, version, checks })
  })
  serve('/health/ready', async (response) => {
    const { status } = await health.report()
    answer(response, status, { status })
  })
  // That this is answered is the answer: a process that waits for its database must not be killed for it.
  serve('/health/live', (response) => answer(response, 'ok', { status: 'ok' }))
  serve('/metrics', async (response) => {
    response.type(metrics.contentType).send(await metrics.text())
  })
  return router
}

function answer(response: Response, status: string, body: object): void {
  response.status(status === 'ok' ? 200 : 503).json(body)
}
