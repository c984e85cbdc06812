import { type Logger } from '@edda/telemetry';

/** What has to be closed, in reverse order of opening. */
export interface CloseStack {
  add(name: string, close: () => void | Promise<void>): void;
  /** Whether closing has begun. */
  readonly closing: boolean;
  /** Closes everything once; a failure is logged and does not keep the rest open. */
  close(): Promise<void>;
}

export function createCloseStack(logger: Pick<Logger, 'warn'>): CloseStack {
  const entries: { name: string; close: () => void | Promise<void> }[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    for (const { name, close } of entries.toReversed()) {
      try {
        await close();
      } catch (error) {
        logger.warn({ err: error, part: name }, 'could not be closed cleanly');
      }
    }
  };
  return {
    add: (name, close) => void entries.push({ name, close }),
    get closing() {
      return closing !== undefined;
    },
    close: () => (closing ??= closeAll()),
  };
}
