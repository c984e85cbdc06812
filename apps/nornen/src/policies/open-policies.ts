import { type Settings } from '@edda/settings';
import { type Clock, type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type NornenSettings } from '../settings.ts';
import { createPolicyBook, type PolicyBook } from './policy-book.ts';
import { publishExtraPolicies } from './publish-extra-policies.ts';

export interface OpenPoliciesOptions {
  pool: Pool;
  settings: Settings<NornenSettings>;
  logger: Logger;
  clock: Clock;
  onVersion: (version: bigint) => void;
}

/**
 * Stores the settings' policies if they are new, loads what is in force, and follows both from then on.
 * @throws POLICY_INVALID, or the database's error
 */
export async function openPolicies(
  options: OpenPoliciesOptions,
): Promise<{ book: PolicyBook; close(): Promise<void> }> {
  const { pool, settings, logger, onVersion } = options;
  const current = () => settings.current().policies;
  const book = createPolicyBook({ pool, logger, pollIntervalMs: () => current().pollIntervalMs, onVersion });
  const publish = async (): Promise<void> => {
    await publishExtraPolicies(pool, current().extra, options.clock.now());
    await book.refresh();
  };
  await publish();
  book.start();
  let last = Promise.resolve();
  const stopFollowing = settings.onChange(() => {
    last = last.then(publish).catch((error: unknown) => {
      logger.error({ err: error }, 'the policies of the settings could not be published');
    });
  });
  return {
    book,
    async close() {
      stopFollowing();
      await last;
      await book.close();
    },
  };
}
