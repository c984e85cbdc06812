import { commonFaults, type Fault } from '@edda/faults';
import { type Logger, type Span } from '@edda/telemetry';
import { type CallContext, noDeadline } from './call-context.ts';
import { anonymous, type Identity } from './identity.ts';

/** The longest a timer can wait, ms (about 24.8 days); beyond it Node would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** Timers go by another clock than dates and may fire this much before the date they were set for, ms. */
const timerEarlyMs = 2;

/** One call from its first byte to its status: the handler's context, and the means to end it early. */
export class RunningCall implements CallContext {
  identity: Identity = anonymous;
  deadline: Date = noDeadline;
  idempotencyHeader?: string;
  span: Span | undefined;
  readonly requestId: string;
  readonly method: string;
  readonly logger: Logger;
  readonly draining: AbortSignal;
  /** Why it was ended early; undefined while it runs. */
  endedBy: Fault | undefined;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reject: ((fault: Fault) => void) | undefined;
  #answered = false;

  constructor(given: Pick<CallContext, 'requestId' | 'method' | 'logger' | 'draining'>) {
    this.requestId = given.requestId;
    this.method = given.method;
    this.logger = given.logger;
    this.draining = given.draining;
  }

  /** Made on first use: most unary handlers never look, and a controller costs about a microsecond. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.endedBy !== undefined) this.#controller.abort(this.endedBy);
    }
    return this.#controller.signal;
  }

  /** Sets when the call ends by itself: at its deadline, or when its token expires, whichever is first. */
  limit(deadline: Date, expiresAt: Date | undefined): void {
    this.deadline = deadline;
    const expiry = expiresAt?.getTime() ?? Infinity;
    const end = Math.min(deadline.getTime(), expiry);
    if (end === noDeadline.getTime()) return;
    const fault = () =>
      expiry <= deadline.getTime()
        ? commonFaults.TOKEN_EXPIRED('The token has expired during the stream.')
        : commonFaults.DEADLINE_EXCEEDED('The deadline passed before the work was done.');
    this.#timer = setTimeout(() => this.abort(fault()), Math.min(Math.max(0, end - Date.now()), maxTimerMs));
  }

  /** The client went away, or grpc-js enforced the caller's deadline a moment before our timer. */
  cancelled(): void {
    if (this.#answered) return;
    const late = Date.now() >= this.deadline.getTime() - timerEarlyMs;
    this.abort(
      late
        ? commonFaults.DEADLINE_EXCEEDED('The deadline passed before the work was done.')
        : commonFaults.CANCELLED('The caller gave up.'),
    );
  }

  /** Answers with this fault at once and tells the handler through its signal. */
  abort(fault: Fault): void {
    if (this.#answered || this.endedBy !== undefined) return;
    this.endedBy = fault;
    this.#reject?.(fault);
    this.#controller?.abort(fault);
  }

  /**
   * Settles as `work` does, or rejects as soon as the call is ended early; `settled` runs when work is over.
   * @param work must not throw but reject
   */
  race<Value>(work: () => Promise<Value>, settled: () => void): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      this.#reject = reject;
      work().then(
        (value) => {
          settled();
          resolve(value);
        },
        (error: Error) => {
          settled();
          reject(error);
        },
      );
    });
  }

  /** From here on nothing can end the call any more. */
  answered(): void {
    this.#answered = true;
    clearTimeout(this.#timer);
  }
}
