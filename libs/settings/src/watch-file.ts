import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

export interface FileWatch {
  close(): void;
}

export interface FileWatchOptions {
  /** Quiet time after an event before `changed` is called; 100 ms lets an editor finish its several writes. */
  debounceMs?: number;
  /** A look without any event, for network file systems and directories that come and go; 2,000 ms. */
  pollMs?: number;
}

/**
 * Calls `changed` when the file may have changed; the caller compares the content. The directory is watched
 * rather than the file, because a rename over the file would leave a file watch on the old one, and because
 * mounted configuration changes through a link beside it.
 */
export function watchFile(file: string, changed: () => void, options: FileWatchOptions = {}): FileWatch {
  const { debounceMs = 100, pollMs = 2_000 } = options;
  let watcher: FSWatcher | undefined;
  let debounce: NodeJS.Timeout | undefined;
  const soon = () => {
    clearTimeout(debounce);
    debounce = setTimeout(changed, debounceMs);
  };
  const stopWatching = () => {
    watcher?.close();
    watcher = undefined;
  };
  const ensureWatching = () => {
    if (watcher !== undefined) return;
    try {
      watcher = watch(dirname(file), { persistent: false }, (event, name) => {
        // The directory itself was moved or deleted when it is named: watch its successor with the next poll.
        if (event === 'rename' && name === null) stopWatching();
        soon();
      });
      watcher.on('error', stopWatching);
    } catch {
      watcher = undefined; // No such directory yet; the poll tries again.
    }
  };
  ensureWatching();
  const poll = setInterval(() => {
    ensureWatching();
    changed();
  }, pollMs);
  poll.unref();
  return {
    close() {
      clearTimeout(debounce);
      clearInterval(poll);
      stopWatching();
    },
  };
}
