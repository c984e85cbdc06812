const ignore = (): void => undefined;

/** A logger that says nothing. */
export const silentLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
