import { type DestinationStream, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';

/** Where lines go: a standard stream, or anything with a synchronous `write(line)`. */
export type LogDestination = 'stdout' | 'stderr' | { write(line: string): unknown };

const descriptors = { stdout: 1, stderr: 2 } as const;

/** Opens a destination; with `pretty`, lines are made readable before they are written, coloured on a terminal. */
export function openDestination(destination: LogDestination, pretty: boolean): DestinationStream {
  const isStandard = typeof destination === 'string';
  const sink: { write(line: string): unknown } = isStandard
    ? pino.destination({ fd: descriptors[destination], sync: true })
    : destination;
  if (!pretty) return { write: (line) => void sink.write(line) };
  const colorize = isStandard && process[destination].isTTY && process.env.NO_COLOR === undefined;
  const format = prettyFactory({ colorize, singleLine: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'service' });
  return {
    write(line) {
      sink.write(format(line));
    },
  };
}
