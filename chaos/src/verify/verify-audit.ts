import { clientOf, type ServiceName, tokensOf } from '@edda/app-edda/separate';
import { audit } from '@edda/contracts';
import { asFault } from '@edda/faults';
import { type World } from '../world/open-world.ts';
import { auditor } from './auditor.ts';

/** Services that keep an audit log. */
export interface Audited {
  market: Pick<World['market'], 'minter'> & { addresses: Partial<World['market']['addresses']> };
  logger: World['logger'];
}

/** The audit chain of every service, as the service itself verifies it. */
export async function verifyAudit({ market, logger }: Audited): Promise<string[]> {
  const services = Object.entries(market.addresses) as [ServiceName, string][];
  const found = await Promise.all(
    services.map(async ([service, address]) => {
      const client = clientOf(audit.AuditServiceService, address, tokensOf(market, auditor), logger);
      try {
        const answer = await client.verifyAudit(audit.VerifyAuditRequest.fromPartial({}));
        return answer.intact ? [] : [`the audit chain of ${service} is broken: ${JSON.stringify(answer, bigintText)}`];
      } catch (error) {
        return [`the audit chain of ${service} could not be verified: ${asFault(error).message}`];
      } finally {
        client.close();
      }
    }),
  );
  return found.flat();
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
