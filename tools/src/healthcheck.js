// The images' HEALTHCHECK: succeeds when the service says that it is ready. A one-shot command has no port to ask.
const port = process.env.HEALTH_PORT;
if (port !== undefined) {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_500) });
  if (!response.ok) process.exitCode = 1;
}
