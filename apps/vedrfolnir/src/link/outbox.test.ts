import { expect, it } from 'vitest';
import { collect } from '../../test/collect.ts';
import { createOutbox } from './outbox.ts';

const never = new AbortController().signal;

it('gives messages in order and ends after what was queued when it is closed', async () => {
  const outbox = createOutbox<number>();
  outbox.post(1);
  void outbox.send(2, never);
  outbox.close();
  outbox.post(3);
  expect(await collect(outbox)).toEqual([1, 2]);
});

it('lets a sender go on only when the transport has come back for more', async () => {
  const outbox = createOutbox<number>();
  let sent = false;
  const sending = outbox.send(1, never).then(() => (sent = true));
  const transport = outbox[Symbol.asyncIterator]();
  await transport.next();
  await new Promise(setImmediate);
  expect(sent).toBe(false);
  outbox.post(2);
  await transport.next();
  await sending;
});

it('lets a sender go when its job is cancelled or the transport leaves', async () => {
  const outbox = createOutbox<number>();
  await outbox.send(1, AbortSignal.timeout(10));
  const sending = outbox.send(2, never);
  const transport = outbox[Symbol.asyncIterator]();
  await transport.next();
  await transport.return?.();
  await sending;
  await outbox.send(3, never);
});
