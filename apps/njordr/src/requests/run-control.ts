/** Why a running request is called off. */
export type CallOff =
  | 'requester'
  | 'deadline'
  | 'shutdown'
  /** Another replica has taken the transaction over. */
  | 'lost';

/** The switch of one running request; the first reason stays. */
export interface RunControl {
  readonly signal: AbortSignal;
  readonly calledOff: CallOff | undefined;
  callOff(why: CallOff): void;
}

export function createRunControl(): RunControl {
  const controller = new AbortController();
  let calledOff: CallOff | undefined;
  return {
    signal: controller.signal,
    get calledOff() {
      return calledOff;
    },
    callOff(why) {
      if (calledOff !== undefined) return;
      calledOff = why;
      controller.abort();
    },
  };
}
