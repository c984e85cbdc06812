import { enumName, njordr } from '@edda/contracts';
import { formatCents } from '@edda/money';
import pc from 'picocolors';
import { type LocalAgent } from '../market/local-agent.ts';
import { type Purchase } from './buy-answer.ts';
import { scoreTable } from './score-table.ts';

/** Tells a person what happens. */
export interface Teller {
  opened(ms: number): void;
  cast(agents: readonly LocalAgent[]): void;
  asked(prompt: string): void;
  chunk(text: string): void;
  settled(purchase: Purchase, agents: readonly LocalAgent[]): void;
}

const ignore = () => undefined;

export const silentTeller: Teller = { opened: ignore, cast: ignore, asked: ignore, chunk: ignore, settled: ignore };

/** Colour only when the output is a terminal. */
export function createTeller(out: NodeJS.WriteStream): Teller {
  const colour = pc.createColors(out.isTTY && process.env['NO_COLOR'] === undefined);
  const line = (text = '') => void out.write(`${text}\n`);
  const heading = (text: string) => line(`\n${colour.bold(text)}`);
  return {
    opened: (ms) => line(`A fresh market is open after ${(ms / 1_000).toFixed(1)} s: PostgreSQL and four services.`),
    cast: (agents) => line(`Listed providers: ${agents.map((agent) => agent.displayName).join(', ')}.`),
    asked(prompt) {
      heading('Prompt');
      line(prompt);
      heading('Answer');
    },
    chunk: (text) => void out.write(colour.cyan(text)),
    settled({ receipt, decision, transfers, ledger }, agents) {
      line();
      const named = (id: string) => agents.find((agent) => agent.providerId === id)?.displayName ?? id;
      const money = (cents: bigint) => formatCents(cents, 'EUR');
      heading(`Why ${named(decision.chosenProviderId)}`);
      for (const row of scoreTable(decision, named)) line(row);
      if (decision.explored) line('Chosen to learn about a provider with few observations, not for its score.');
      heading('Bill');
      line(`status        ${enumName(njordr.TransactionStatus, receipt.status) ?? 'UNKNOWN'}`);
      line(`tokens        ${receipt.inputTokens} in, ${receipt.outputTokens} out (${receipt.tokenizer})`);
      line(`cost          ${money(receipt.totalCostCents)}, ${money(receipt.releasedCents)} of the hold released`);
      line(`provider      ${money(receipt.providerEarningsCents)}`);
      line(`company       ${money(receipt.companyFeeCents)} (${receipt.commissionRateBps / 100} % commission)`);
      heading('Ledger');
      for (const { debitAccount, creditAccount, amountCents } of transfers) {
        line(`${money(amountCents).padStart(8)}  ${debitAccount} → ${creditAccount}`);
      }
      const verdict = ledger.intact
        ? colour.green('balanced')
        : colour.red(`${ledger.violations.length} invariants violated`);
      line(`${ledger.transfersChecked} transfers in ${ledger.accountsChecked} accounts checked: ${verdict}`);
    },
  };
}
