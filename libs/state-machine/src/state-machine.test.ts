import { Fault } from '@edda/faults';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { defineStateMachine, type EventOf, type StateOf } from './index.ts';

const transitions = {
  PENDING: { start: 'PROCESSING', fail: 'FAILED', cancel: 'CANCELLED' },
  PROCESSING: { finish: 'COMPLETED', fail: 'FAILED', cancel: 'CANCELLED' },
  COMPLETED: { refund: 'REFUNDED' },
  REFUNDED: {},
  FAILED: {},
  CANCELLED: {},
} as const;
const machine = defineStateMachine({ name: 'transaction', initial: 'PENDING', transitions });
type State = StateOf<typeof machine>;
type Event = EventOf<typeof machine>;

describe('a state machine', () => {
  it('follows its table', () => {
    expect(machine.next('PENDING', 'start')).toBe('PROCESSING');
    expect(machine.next('COMPLETED', 'refund')).toBe('REFUNDED');
  });

  it('refuses what the table does not list, naming machine, state and event', () => {
    const illegal = () => machine.next('REFUNDED', 'start');
    expect(illegal).toThrow(Fault);
    expect(illegal).toThrow(
      expect.objectContaining({
        kind: 'illegal-transition',
        reason: 'ILLEGAL_TRANSITION',
        metadata: { machine: 'transaction', state: 'REFUNDED', event: 'start' },
      }),
    );
  });

  it.each(['constructor', 'toString', '__proto__'])('is not fooled by the inherited name %s', (name) => {
    expect(machine.isState(name)).toBe(false);
    expect(machine.can(name as State, name as Event)).toBe(false);
    expect(() => machine.next('PENDING', name as Event)).toThrow(Fault);
  });

  it('knows its states, terminal ones, and where an event is legal', () => {
    expect(machine.states).toEqual(Object.keys(transitions));
    expect(machine.states.filter((state) => machine.isTerminal(state))).toEqual(['REFUNDED', 'FAILED', 'CANCELLED']);
    expect(machine.sourcesOf('cancel')).toEqual(['PENDING', 'PROCESSING']);
    expect(machine.isState('COMPLETED')).toBe(true);
    expect(machine.isState('DONE')).toBe(false);
  });

  it('carries its states and events in its type', () => {
    expectTypeOf<State>().toEqualTypeOf<keyof typeof transitions>();
    expectTypeOf<Event>().toEqualTypeOf<'start' | 'fail' | 'cancel' | 'finish' | 'refund'>();
  });

  it('draws itself', () => {
    const door = defineStateMachine({
      name: 'door',
      initial: 'OPEN',
      transitions: { OPEN: { shut: 'CLOSED', remove: 'GONE' }, CLOSED: { open: 'OPEN' }, GONE: {} },
    });
    expect(door.toMermaid()).toBe(`stateDiagram-v2
    [*] --> OPEN
    OPEN --> CLOSED : shut
    OPEN --> GONE : remove
    CLOSED --> OPEN : open
    GONE --> [*]
`);
  });
});

const stateNames = ['A', 'B', 'C', 'D', 'E'];
const eventNames = ['go', 'stop', 'turn'];
/** Any table over five states in which a chain of `go` keeps every state reachable. */
const anyTable = fc
  .array(fc.dictionary(fc.constantFrom('stop', 'turn'), fc.constantFrom(...stateNames)), { minLength: 5, maxLength: 5 })
  .map((rows) =>
    Object.fromEntries(
      stateNames.map((state, i) => [state, { ...rows[i], ...(stateNames[i + 1] && { go: stateNames[i + 1] ?? '' }) }]),
    ),
  );

describe('random walks', () => {
  it('never leave the table, and nothing moves a machine out of a terminal state', () => {
    fc.assert(
      fc.property(
        anyTable,
        fc.array(fc.constantFrom(...eventNames)),
        (table: Record<string, Record<string, string>>, events) => {
          const walker = defineStateMachine<Record<string, Record<string, string>>>({
            name: 'walk',
            initial: 'A',
            transitions: table,
          });
          let state = walker.initial;
          for (const event of events) {
            const listed = table[state]?.[event];
            expect(walker.can(state, event)).toBe(listed !== undefined);
            if (listed === undefined) expect(() => walker.next(state, event)).toThrow(Fault);
            else expect(walker.isTerminal(state)).toBe(false);
            if (listed !== undefined) state = walker.next(state, event);
            expect(walker.isState(state)).toBe(true);
          }
        },
      ),
    );
  });
});

describe('a definition', () => {
  const define = (initial: string, table: Record<string, Record<string, string>>) => () =>
    defineStateMachine<Record<string, Record<string, string>>>({ name: 'bad', initial, transitions: table });

  it.each([
    ['an undefined target', 'A', { A: { go: 'B' } }, 'A --go--> B leads to an undefined state'],
    ['an undefined initial state', 'B', { A: {} }, 'the initial state B is not defined'],
    ['unreachable states', 'A', { A: {}, B: { go: 'C' }, C: {} }, 'B, C cannot be reached from A'],
    ['a state name Mermaid cannot draw', 'A B', { 'A B': {} }, '"A B" is not a usable state name'],
    ['an event name Mermaid cannot draw', 'A', { A: { 'a:b': 'A' } }, '"a:b" is not a usable event name'],
  ])('with %s is refused', (_, initial, table, problem) => {
    expect(define(initial, table)).toThrow(`State machine "bad": ${problem}.`);
  });

  it('with an undefined target does not compile either', () => {
    expect(() =>
      defineStateMachine({
        name: 'typo',
        initial: 'A',
        // @ts-expect-error: B is no state of this table
        transitions: { A: { go: 'B' } },
      }),
    ).toThrow('undefined state');
  });
});
