import { type Name, nameText } from './names.ts'

/** What browsers and players must be told to show a file; everything else is bytes. */
const types: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  css: 'text/css',
  csv: 'text/csv',
  flac: 'audio/flac',
  gif: 'image/gif',
  gz: 'application/gzip',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  m4a: 'audio/mp4',
  md: 'text/markdown',
  mkv: 'video/matroska',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  ogg: 'audio/ogg',
  pdf: 'application/pdf',
  png: 'image/png',
  tar: 'application/x-tar',
  txt: 'text/plain',
  wav: 'audio/wav',
  webm: 'video/webm',
  webp: 'image/webp',
  zip: 'application/zip'
}

/**
 * By the name's ending. HTML, XML and SVG stay bytes: shown by a browser, their scripts would act in the
 * drive's name.
 */
export function contentTypeOf(name: Name | undefined): string {
  const ending = /\.(\w{1,8})$/.exec(nameText(name ?? ('' as Name)))?.[1]?.toLowerCase() ?? ''
  const type = Object.hasOwn(types, ending) ? types[ending] : undefined
  return type ?? 'application/octet-stream'
}
