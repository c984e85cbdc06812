import { type eikthyrnir } from '@edda/contracts';
import { type GrpcClient } from '@edda/grpc-kit';
import { type Logger } from '@edda/telemetry';
import { createReconnectingFeed, type Feed } from '../feeds/reconnecting-feed.ts';
import { type ProviderDirectory, type QualityFigures } from '../providers/provider-directory.ts';

export interface QualityFeedDeps {
  quality: Pick<GrpcClient<eikthyrnir.QualityServiceService>, 'watchQuality' | 'batchGetQuality'>;
  directory: Pick<ProviderDirectory, 'setQuality' | 'models' | 'offers'>;
  logger: Logger;
  backoff?: { baseMs: number; capMs: number };
}

const BATCH = 1_000;

/** Carries Eikthyrnir's published quality into the directory: read once at the start, then every change. */
export function createQualityFeed({ quality, directory, logger, backoff }: QualityFeedDeps): Feed {
  let cursor = '';
  const apply = (figures: eikthyrnir.ProviderQuality): void =>
    directory.setQuality(figures.providerId, figures.model, toFigures(figures));
  const readAll = async (signal: AbortSignal): Promise<void> => {
    const keys = directory
      .models()
      .flatMap((model) => directory.offers(model).map(({ providerId }) => ({ providerId, model })));
    for (let from = 0; from < keys.length; from += BATCH) {
      const { qualities } = await quality.batchGetQuality({ keys: keys.slice(from, from + BATCH) }, { signal });
      qualities.forEach(apply);
    }
  };
  async function* connect(signal: AbortSignal): AsyncIterable<eikthyrnir.WatchQualityResponse> {
    if (cursor === '') await readAll(signal);
    const request = { providerIds: [], cursor, includeSnapshot: true };
    yield* quality.watchQuality(request, { signal, deadlineMs: Infinity });
  }
  return createReconnectingFeed({
    name: 'quality',
    logger,
    ...(backoff && { backoff }),
    connect: (signal) => resumable(connect(signal), () => (cursor = '')),
    take({ updates, cursor: next }) {
      for (const { quality: figures } of updates) if (figures !== undefined) apply(figures);
      if (next !== '') cursor = next;
    },
  });
}

/** A line that breaks may do so because its cursor is no longer known: the next one starts anew. */
async function* resumable<T>(messages: AsyncIterable<T>, forget: () => void): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    forget();
    throw error;
  }
}

/** domain.md, "Routing" 2: lower confidence bound of response quality × reliability. */
export function toFigures({
  responseQuality,
  reliability,
  effectiveCount,
}: eikthyrnir.ProviderQuality): QualityFigures {
  const reliable = reliability?.mean ?? 0.5;
  return {
    mean: (responseQuality?.mean ?? 0.5) * reliable,
    lowerBound: (responseQuality?.lowerBound ?? 0.5) * reliable,
    effectiveCount,
  };
}
