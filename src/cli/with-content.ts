import { type Content, openContent } from '../daemon/content.ts'

/** Runs `work` over a home's content in this process, daemon or not, and closes it in any case. */
export async function withContent<T>(
  home: string,
  work: (content: Content) => T | Promise<T>
): Promise<T> {
  const content = openContent(home)
  try {
    return await work(content)
  } finally {
    content.close()
  }
}
