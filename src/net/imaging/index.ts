/** Imaging: from received DICOM objects to ImagingStudy. */
export { type ImagingListenOptions, type ImagingReceiver, receiveImages } from './receiver.ts'
export type { ImagingChannel } from './settings.ts'
export type { StoredEvent } from './observed-sink.ts'
