import { type FileHandle, open } from 'node:fs/promises';
import { type Anchor, anchorFromJson, type AnchorStore, anchorToJson } from './anchor.ts';

/** How far back from its end a file is searched for the newest anchor, about 7,000 lines. */
const TAIL_BYTES = 1_048_576;

/** Anchors as JSON lines in a file that is only appended to; several services may share it. */
export function createFileAnchorStore(path: string): AnchorStore {
  return {
    name: `file ${path}`,
    async append(anchor) {
      const file = await open(path, 'a+');
      try {
        // A line that was cut short stays by itself instead of spoiling the next one.
        const separator = (await endsWithin(file)) ? '\n' : '';
        await file.appendFile(`${separator}${anchorToJson(anchor)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    newest: (service) => newestIn(path, service),
  };
}

async function endsWithin(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

async function newestIn(path: string, service: string): Promise<Anchor | undefined> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    const anchors = lines.map(anchorFromJson).filter((anchor) => anchor?.service === service);
    return anchors.at(-1);
  } finally {
    await file.close();
  }
}
