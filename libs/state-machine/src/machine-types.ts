/** From each state, the events it reacts to and where they lead. A state without events is terminal. */
export type TransitionTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

export type StateIn<Table extends TransitionTable> = keyof Table & string;
export type EventIn<Table extends TransitionTable> = {
  [State in keyof Table]: keyof Table[State] & string;
}[keyof Table];

/** Rejects, at compile time, a target that is not itself a state of the table. */
export type KnownTargets<Table extends TransitionTable> = {
  readonly [State in keyof Table]: {
    readonly [Event in keyof Table[State]]: Table[State][Event] extends keyof Table ? Table[State][Event] : never;
  };
};

/** A table of legal transitions with pure questions about it; it holds no current state. */
export interface StateMachine<State extends string, Event extends string> {
  readonly name: string;
  readonly initial: State;
  /** In the order of the definition. */
  readonly states: readonly State[];
  /** Where the event leads. @throws ILLEGAL_TRANSITION with metadata machine, state and event */
  next(state: State, event: Event): State;
  can(state: State, event: Event): boolean;
  /** Whether nothing leads out of the state. */
  isTerminal(state: State): boolean;
  /** Whether text, say from a database row, names a state. */
  isState(text: string): text is State;
  /** The states in which the event is legal, for `WHERE state = ANY (…)`. */
  sourcesOf(event: Event): State[];
  /** A Mermaid `stateDiagram-v2`, for documentation that cannot drift from the table. */
  toMermaid(): string;
}

/** The states of a machine: `type TransactionState = StateOf<typeof transactionMachine>`. */
export type StateOf<Machine> = Machine extends StateMachine<infer State, infer _Event> ? State : never;
/** The events of a machine. */
export type EventOf<Machine> = Machine extends StateMachine<infer _State, infer Event> ? Event : never;
