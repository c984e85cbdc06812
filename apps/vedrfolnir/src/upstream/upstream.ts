/** Where the words come from: one port, whatever program or model stands behind it. */
export interface Upstream {
  /** For logs and metrics: `openai`, `builtin`. */
  readonly name: string;
  /** What can be asked for right now. Throws UpstreamError. */
  listModels(signal: AbortSignal): Promise<ModelInfo[]>;
  /**
   * Answers one job piece by piece and ends with exactly one `done`. Aborting the signal stops the
   * work behind it at once. Throws UpstreamError for everything that goes wrong, an abort included.
   */
  generate(job: UpstreamJob, signal: AbortSignal): AsyncIterable<UpstreamEvent>;
}

export interface ModelInfo {
  id: string;
  /** The longest context, prompt and answer together, in tokens; absent when the server does not say. */
  contextTokens?: number;
}

export interface ChatMessage {
  /** system, developer, user, assistant or tool. */
  role: string;
  content: string;
  name?: string;
  /** For role tool: the call this answers. */
  toolCallId?: string;
  /** For role assistant: what it called. */
  toolCalls?: readonly ToolCall[];
}

export interface ToolCall {
  id: string;
  name: string;
  /** JSON as the model wrote it. */
  arguments: string;
}

/** A piece of a tool call; pieces with the same index belong together, id and name come first. */
export interface ToolCallPiece extends ToolCall {
  index: number;
}

export interface ToolDefinition {
  name: string;
  description: string;
  /** JSON Schema as text; empty for a function without arguments. */
  parametersJson: string;
  strict: boolean;
}

export type ResponseFormat =
  { kind: 'json_object' } | { kind: 'json_schema'; name: string; schemaJson: string; strict: boolean };

export interface UpstreamJob {
  model: string;
  messages: readonly ChatMessage[];
  /** Most tokens to produce; above 0. */
  maxOutputTokens: number;
  /** 0–2; absent: the model's own default. */
  temperature?: number;
  /** Above 0, at most 1; absent: the model's own default. */
  topP?: number;
  /** Same seed, same job, same answer, as far as the upstream can promise it. */
  seed?: number;
  /** Texts that end the answer; they are not part of it. */
  stop: readonly string[];
  /** The beginning another provider already delivered: the answer goes on behind it, without repeating it. */
  continueFrom: string;
  /** -2 to 2. */
  frequencyPenalty?: number;
  /** -2 to 2. */
  presencePenalty?: number;
  /** Absent: free text. */
  responseFormat?: ResponseFormat;
  tools?: readonly ToolDefinition[];
  /** `auto`, `none`, `required` or a function's name. */
  toolChoice?: string;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

export interface UpstreamPiece {
  content?: string;
  reasoning?: string;
  toolCalls?: readonly ToolCallPiece[];
}

export interface UpstreamDone {
  done: FinishReason;
  /** What the upstream says it read, tokens. */
  claimedInputTokens?: number;
  /** What the upstream says it produced, tokens. */
  claimedOutputTokens?: number;
}

export type UpstreamEvent = UpstreamPiece | UpstreamDone;
