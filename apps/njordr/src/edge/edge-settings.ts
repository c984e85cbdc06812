import { z } from 'zod';

const restart = (description: string, example: unknown) => ({ description, reload: 'restart', example }) as const;
const live = (description: string, example: unknown) => ({ description, reload: 'live', example }) as const;

/** The settings group `http`: the edge for devices, SDKs and browsers. */
export function edgeSettings() {
  return z
    .object({
      host: z.string().default('127.0.0.1').meta(restart('Address the HTTP edge listens on.', '0.0.0.0')),
      port: z
        .int()
        .min(0)
        .max(65_535)
        .default(8_080)
        .meta(restart('Port of the HTTP edge; 0 takes a free one.', 8_080)),
      bodyLimitBytes: z
        .int()
        .min(1_024)
        .max(67_108_864)
        .default(4_194_304)
        .meta(restart('Largest request body, bytes; larger ones answer 413.', 1_048_576)),
      maxHeaderBytes: z
        .int()
        .min(2_048)
        .max(131_072)
        .default(16_384)
        .meta(restart('Largest sum of a request’s headers, bytes; larger ones answer 431.', 32_768)),
      maxConnections: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(10_000)
        .meta(restart('Connections open at once; further ones are closed at once.', 2_000)),
      maxConcurrentRequests: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(2_000)
        .meta(live('Requests served at once; more answer RATE_LIMITED.', 500)),
      receiveTimeoutMs: z
        .int()
        .min(1_000)
        .max(600_000)
        .default(30_000)
        .meta(restart('Longest a client may take to send a request, ms.', 10_000)),
      deadlineMs: z
        .int()
        .min(100)
        .max(600_000)
        .default(75_000)
        .meta(live('Longest an ordinary request may take, ms; above the longest wait_ms of 60,000.', 75_000)),
      executionDeadlineMs: z
        .int()
        .min(1_000)
        .max(86_400_000)
        .default(800_000)
        .meta(
          live('Longest an answer may take, ms; above requests.maxTimeoutMs, so that its own deadline wins.', 800_000),
        ),
      keepAliveCommentMs: z
        .int()
        .min(100)
        .max(600_000)
        .default(15_000)
        .meta(live('How often a comment is sent on a silent event stream, so that proxies keep it open, ms.', 10_000)),
      maxAnswerBytes: z
        .int()
        .min(65_536)
        .max(1_073_741_824)
        .default(16_777_216)
        .meta(live('Largest answer collected for a request that does not stream, bytes.', 4_194_304)),
      corsOrigins: z
        .array(z.string().min(1))
        .max(100)
        .default([])
        .meta(
          live('Origins whose pages may call the edge from a browser; none by default, "*" for all.', [
            'https://app.example.org',
          ]),
        ),
    })
    .prefault({});
}

export type EdgeSettings = z.output<ReturnType<typeof edgeSettings>>;
