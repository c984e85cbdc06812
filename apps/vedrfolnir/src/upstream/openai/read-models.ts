import { type ModelInfo } from '../upstream.ts';
import { UpstreamError } from '../upstream-error.ts';
import { isRecord } from './http-error.ts';

const MOST_MODELS = 1000;

/**
 * Reads the answer of `/v1/models`. The context length stands where the server puts it: vLLM
 * `max_model_len`, llama.cpp `meta.n_ctx` (the running one) or `meta.n_ctx_train`, LM Studio
 * `loaded_context_length` or `max_context_length`, OpenRouter-like servers `context_length`.
 * @throws UpstreamError FAULT when the answer has another shape
 */
export function readModels(body: unknown): ModelInfo[] {
  if (!isRecord(body) || !Array.isArray(body.data)) {
    throw new UpstreamError('FAULT', 'the upstream’s model list has no data array');
  }
  const models = new Map<string, ModelInfo>();
  for (const entry of body.data.slice(0, MOST_MODELS) as unknown[]) {
    if (!isRecord(entry) || typeof entry.id !== 'string' || entry.id === '') continue;
    const contextTokens = contextOf(entry);
    models.set(entry.id, { id: entry.id, ...(contextTokens !== undefined && { contextTokens }) });
  }
  return [...models.values()];
}

function contextOf(entry: Record<string, unknown>): number | undefined {
  const meta = isRecord(entry.meta) ? entry.meta : {};
  const candidates = [
    entry.max_model_len,
    meta.n_ctx,
    meta.n_ctx_train,
    entry.loaded_context_length,
    entry.max_context_length,
    entry.context_length,
  ];
  return candidates.find(
    (value): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value > 0,
  );
}
