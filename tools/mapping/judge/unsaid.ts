/**
 * Which fields of a message are nowhere in what it became: a first hint at a rule that is missing. Looked up by their
 * text, so a code that was translated without its original, or a flag, shows here though nothing may be lost.
 */
import type { Hl7Message } from '../../../src/hl7/index.ts'
import type { Json } from '../../../src/kernel/json.ts'

/** `PID-5.1` of each component whose text is not in the resources; a component that says less than two letters is passed over. */
export function unsaid(message: Hl7Message, resources: readonly Json[]): { path: string; text: string }[] {
  const said = JSON.stringify(resources).toLowerCase()
  const digits = said.replaceAll(/(?<=\d)[-:T.+](?=\d)/gi, '')
  const isSaid = (text: string): boolean => {
    const plain = JSON.stringify(text.trim().toLowerCase()).slice(1, -1)
    if (said.includes(plain)) return true
    const time = /^\d{8,}/.exec(plain)?.[0]
    return time !== undefined && digits.includes(time.slice(0, 14))
  }
  return message.segments().flatMap((segment) =>
    Array.from({ length: segment.lastField }, (_, at) => at + 1)
      .filter((number) => segment.name !== 'MSH' || number > 2)
      .flatMap((number) =>
        segment.field(number).repetitions.flatMap(({ components }) =>
          components.flatMap((component, at) => {
            const texts = component.subcomponents.map((text) => text?.trim() ?? '')
            const isTold = texts.every((text) => text.length < 2 || isSaid(text))
            return isTold ? [] : [{ path: `${segment.name}-${number}.${at + 1}`, text: component.text ?? '' }]
          }),
        ),
      ),
  )
}
