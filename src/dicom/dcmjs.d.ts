/** The parts of dcmjs that are used here; it brings no types. */
declare module 'dcmjs' {
  interface DictionaryEntry {
    readonly tag: string
    readonly vr: string
    readonly name: string
  }
  interface JsonElement {
    vr: string
    Value?: unknown[]
  }
  interface DicomDict {
    dict: Record<string, JsonElement>
    write(options?: { allowInvalidVRLength?: boolean }): ArrayBuffer
  }
  const dcmjs: {
    readonly data: {
      DicomMetaDictionary: {
        readonly dictionary: Readonly<Record<string, DictionaryEntry | undefined>>
        denaturalizeDataset(dataset: Record<string, unknown>): Record<string, JsonElement>
      }
      DicomDict: new (meta: Record<string, JsonElement>) => DicomDict
    }
    log: { setLevel(level: string): void }
  }
  export default dcmjs
  export const data: typeof dcmjs.data
}
