import { type OutboxEvent } from '@edda/pg-kit';
import { describe, expect, it } from 'vitest';
import { toWireEvent } from './to-wire-event.ts';

const event = (subject: string): OutboxEvent => ({
  id: 1n,
  subject,
  sequence: 1n,
  type: 'heidrun.price.changed',
  payload: {},
  requestId: undefined,
  occurredAt: new Date(0),
});

describe('Events: what the history takes', () => {
  it('keeps a subject that fits', () => {
    expect(toWireEvent(event('price:p/gpt-4o')).subject).toBe('price:p/gpt-4o');
  });

  it('shortens one that does not, or a single long name would hold up every later event', () => {
    const long = `price:${'p'.repeat(128)}/${'m'.repeat(200)}`;
    const { subject } = toWireEvent(event(long));
    expect(subject.length).toBeLessThanOrEqual(200);
    expect(subject).toMatch(/^price:/);
    expect(toWireEvent(event(long)).subject).toBe(subject);
    expect(toWireEvent(event(`${long}2`)).subject).not.toBe(subject);
  });
});
