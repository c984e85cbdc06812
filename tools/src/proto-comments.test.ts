import { expect, it } from 'vitest';
import { undocumented } from './proto-comments.ts';

const finding = (message: string) => JSON.stringify({ path: 'proto/a.proto', start_line: 7, message });

it('asks for comments on fields and on messages that no RPC describes, but not on zero values', () => {
  const output = [
    finding('Field "amount_cents" should have a non-empty comment for documentation.'),
    finding('Message "Price" should have a non-empty comment for documentation.'),
    finding('Message "GetPriceRequest" should have a non-empty comment for documentation.'),
    finding('Message "GetPriceResponse" should have a non-empty comment for documentation.'),
    finding('Enum value "KIND_UNSPECIFIED" should have a non-empty comment for documentation.'),
    '',
  ].join('\n');
  expect(undocumented(output)).toEqual([
    'proto/a.proto:7: Field "amount_cents" should have a non-empty comment for documentation.',
    'proto/a.proto:7: Message "Price" should have a non-empty comment for documentation.',
  ]);
});
