import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secretsMarkdownTable, settingsMarkdownTable } from '@edda/settings';
import { expect, it } from 'vitest';
import { run } from './run.ts';
import { agentSecrets, agentSettings } from './settings.ts';

it('stands in the README as it is, every setting with its default', async () => {
  const readme = await readFile(join(import.meta.dirname, '..', 'README.md'), 'utf8');
  expect(readme).toContain(settingsMarkdownTable(agentSettings).trim());
  expect(readme).toContain(secretsMarkdownTable(agentSecrets).trim());
});

it('names every field that is wrong instead of starting', async () => {
  const models = [{ name: 'a' }, { name: 'a' }];
  const link = { reconnectBaseMs: 5000, reconnectMaxMs: 1000 };
  await expect(run({ settings: { models, link } })).rejects.toMatchObject({
    reason: 'SETTINGS_INVALID',
    violations: [{ field: 'models' }, { field: 'link.reconnectMaxMs' }],
  });
});
