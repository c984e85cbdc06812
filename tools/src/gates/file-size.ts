import { isGenerated } from '../workspace.ts';
import { type Gate } from './gate.ts';

const maxLines = 300;

/** A hand-written source file longer than this holds more than one idea. */
export const fileSize: Gate = {
  name: 'file size',
  check: (files, read) =>
    files
      .filter((file) => /\.[cm]?[jt]sx?$/.test(file) && !isGenerated(file))
      .map((file) => ({ file, lines: read(file).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > maxLines)
      .map(({ file, lines }) => `${file}: ${lines} lines, ${maxLines} at most`),
};
