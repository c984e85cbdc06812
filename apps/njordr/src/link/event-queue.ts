/** A queue with one reader; the writer bounds it (a job by its window, a stream by its limit). */
export interface EventQueue<T> extends AsyncIterable<T> {
  push(item: T): void;
  /** Adds a last item, if given, and ends the queue once all is read. */
  finish(item?: T): void;
  /** Forgets what was not read yet. */
  clear(): void;
  readonly length: number;
}

export interface EventQueueOptions<T> {
  /** Called when the reader takes an item. */
  onTaken?: (item: T) => void;
  /** Called when the reader leaves before the end. */
  onAbandoned?: () => void;
}

export function createEventQueue<T>(options: EventQueueOptions<T> = {}): EventQueue<T> {
  let items: T[] = [];
  let head = 0;
  let finished = false;
  let wake: (() => void) | undefined;
  const rouse = () => {
    wake?.();
    wake = undefined;
  };
  const take = (): T => {
    const item = items[head] as T;
    head += 1;
    // Shifting one by one would be quadratic; the read half is dropped now and then instead.
    if (head > 64 && head * 2 > items.length) {
      items = items.slice(head);
      head = 0;
    }
    return item;
  };
  return {
    push(item) {
      if (finished) return;
      items.push(item);
      rouse();
    },
    finish(item) {
      if (finished) return;
      if (item !== undefined) items.push(item);
      finished = true;
      rouse();
    },
    clear() {
      items = [];
      head = 0;
    },
    get length() {
      return items.length - head;
    },
    async *[Symbol.asyncIterator]() {
      let complete = false;
      try {
        for (;;) {
          if (head < items.length) {
            const item = take();
            options.onTaken?.(item);
            yield item;
          } else if (finished) {
            complete = true;
            return;
          } else {
            await new Promise<void>((resolve) => (wake = resolve));
          }
        }
      } finally {
        if (!complete) options.onAbandoned?.();
      }
    },
  };
}
