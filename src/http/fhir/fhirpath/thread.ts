/** A thread that evaluates expressions of clients: one at a time, ended from outside when it takes too long. */
import { parentPort } from 'node:worker_threads'

// Not all of FHIR: it would take a second to load.
import { answerText, evaluatePath, type PathQuestion } from '../../../fhir/path/evaluate.ts'

const port = parentPort!

port.on('message', (question: PathQuestion) => {
  const answer = evaluatePath(question)
  port.postMessage('failed' in answer ? answer : { text: answerText(answer.results) })
})
// To who started it: from now on the time counts.
port.postMessage('ready')
